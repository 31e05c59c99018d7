import "../../tests/browser.js";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { make, show } from "../../tests/browser.js";
import { Redactor } from "./redact.js";

const KEY = "sk-proj-7Hq2LmXv9RtYb3KwZc5N";
const request = (more) => ({ t: "request", id: "r1", method: "POST", url: "http://app.test/send", headers: [], ...more });
const sent = (value) => request({ headers: [["content-type", "application/json"]], body: { kind: "text", text: JSON.stringify(value) } });

/** A redactor, and the secrets that it has told of. */
function redacting(more) {
  const told = [];
  return { redactor: new Redactor((fact) => told.push(fact), more), told };
}

beforeEach(() => {
  show();
  for (const key of Object.keys(sessionStorage)) sessionStorage.removeItem(key);
});

test("what is no secret leaves as it is", () => {
  const { redactor, told } = redacting();
  const fact = sent({ name: "Ann", count: 3, note: "the password was changed" });
  assert.deepEqual(redactor.clean(fact), fact);
  assert.deepEqual(told, []);
});

test("the scheme of a header stays and its secret goes", () => {
  const { redactor, told } = redacting();
  const [[name, value]] = redactor.clean(request({ headers: [["authorization", `Bearer ${KEY}`]] })).headers;
  assert.equal(name, "authorization");
  assert.match(value, /^Bearer \[recorder-secret:[0-9a-f]{16}:RECORDER_SECRET_\w+\]$/);
  assert.equal(told.length, 1);
});

test("a field by the name of a secret is replaced, whatever its value", () => {
  const { redactor } = redacting();
  const { text } = redactor.clean(sent({ user: "Ann", password: "open sesame" })).body;
  const { user, password } = JSON.parse(text);
  assert.equal(user, "Ann");
  assert.match(password, /^\[recorder-secret:/);
});

test("one secret is one placeholder wherever it stands, so that links still hold", () => {
  const { redactor } = redacting();
  const placeholder = JSON.parse(redactor.clean(sent({ api_key: KEY })).body.text).api_key;
  const { text } = redactor.clean(sent({ note: `my key is ${KEY}.` })).body;
  assert.equal(JSON.parse(text).note, `my key is ${placeholder}.`);
});

test("a password is known by the field that it is in", () => {
  const { redactor } = redacting();
  const field = make("input", { type: "password", name: "secret-word" });
  show(field);
  field.value = "correct horse battery";
  redactor.watch(field, true);
  const { text } = redactor.clean(sent({ note: "correct horse battery" })).body;
  assert.match(JSON.parse(text).note, /^\[recorder-secret:/);
});

test("a fact that is cleaned is another one: the page's own is left alone", () => {
  const { redactor } = redacting();
  const fact = request({ headers: [["authorization", `Bearer ${KEY}`]] });
  redactor.clean(fact);
  assert.equal(fact.headers[0][1], `Bearer ${KEY}`);
});

test("no secret is left in anything that leaves the page", () => {
  const { redactor, told } = redacting();
  const cleaned = redactor.clean(
    request({
      url: `http://app.test/send?access_token=${KEY}`,
      headers: [["x-api-key", KEY], ["referer", `http://app.test/?access_token=${KEY}`]],
      body: { kind: "parts", parts: [{ name: "client_secret", value: KEY }, { name: "note", value: `key ${KEY}` }] },
    }),
  );
  assert.ok(!JSON.stringify([cleaned, told]).includes(KEY));
});
