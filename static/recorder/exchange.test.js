import "../../tests/browser.js";
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { show } from "../../tests/browser.js";
import { addressOf, announce, headersOf, methodOf, spoken, wordsOf } from "./exchange.js";

afterEach(() => void show());

/** An observer that keeps what it is told. */
function observing() {
  const facts = [];
  return { facts, now: () => facts.length, add: (fact) => void facts.push(fact), act: () => "a1", flush: () => {} };
}

const POST = { method: "POST", url: "http://app.test/send", headers: [["x-token", "0123456789"]] };

test("an address is absolute and without its fragment", () => {
  assert.equal(addressOf("send?a=1#b"), "http://app.test/send?a=1");
  assert.equal(addressOf("ws://other.test/socket"), "ws://other.test/socket");
});

test("what is not of the network and what is ours has no address", () => {
  for (const url of ["data:text/plain,a", "blob:http://app.test/1", "/_recorder/channel"]) assert.equal(addressOf(url), "");
  assert.equal(addressOf("http://other.test/_recorder/x"), "http://other.test/_recorder/x");
});

test("the usual methods are in capitals and others as they are", () => {
  assert.deepEqual(["get", "Post", "patch", "Report"].map(methodOf), ["GET", "POST", "patch", "Report"]);
});

test("headers are read, but not from an iterator that can be walked only once", () => {
  assert.deepEqual(headersOf({ "X-A": "1" }), [["x-a", "1"]]);
  assert.deepEqual(headersOf([["X-A", "1"]]), [["x-a", "1"]]);
  let walked = 0;
  const once = { [Symbol.iterator]: () => (walked++, [["x-a", "1"]][Symbol.iterator]()) };
  assert.deepEqual(headersOf(once), []);
  assert.equal(walked, 0);
});

test("an object says once what it is, to us and to the native alike", () => {
  let asked = 0;
  const [first, second] = spoken([{ toString: () => `said ${++asked}` }, { untouched: true }], 1);
  assert.deepEqual([first, asked, second], ["said 1", 1, { untouched: true }]);
  const [thrower] = spoken([{ toString: () => { throw new RangeError("no"); } }], 1);
  assert.throws(() => `${thrower}`, RangeError);
});

test("an error is told in words even where it has none", () => {
  assert.equal(wordsOf(new TypeError("bad")), "TypeError: bad");
  assert.equal(wordsOf({ toString: () => { throw new Error(); } }), "error");
});

test("facts that follow a body that must be awaited keep their order", async () => {
  const observer = observing();
  let arrive;
  const body = new Promise((resolve) => void (arrive = resolve));
  const exchange = announce(observer, { last: 0 }, POST, body);
  exchange.add({ t: "response", id: exchange.id, status: 200, headers: [], url: POST.url });
  exchange.add({ t: "done", id: exchange.id, body: {} });
  assert.deepEqual(observer.facts, []);
  arrive({ kind: "text", text: "sent" });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(observer.facts.map(({ t }) => t), ["request", "response", "done"]);
  assert.deepEqual([observer.facts[0].body.text, observer.facts[0].act], ["sent", "a1"]);
});

test("requests are numbered, behind a letter of their own", () => {
  const observer = observing();
  const counter = { last: 0, letter: "w" };
  assert.deepEqual([announce(observer, counter, POST, {}).id, announce(observer, counter, POST, {}).id], ["w1", "w2"]);
});

test("a cookie that a request carries a second time is told, and no other", () => {
  const observer = observing();
  document.state.cookie = "csrf=0123456789; session=abcdefghij; short=1";
  announce(observer, { last: 0 }, POST, {});
  assert.deepEqual(observer.facts[0].headers, [...POST.headers, ["cookie", "csrf=0123456789"]]);
});
