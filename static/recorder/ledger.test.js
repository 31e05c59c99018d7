import "../../tests/browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { CONTEXT, FRAME_LIMIT, Ledger } from "./ledger.js";

const opened = () => ({ t: "page", url: "http://app.test/", title: "T", embedded: false });
const chunk = (text) => ({ t: "chunk", id: "r1", text });
const said = (ledger) => ledger.take().split("\n").filter(Boolean).map((line) => JSON.parse(line));

/** A ledger of a recording that is on, with nothing left to say. */
function recording() {
  const ledger = new Ledger("P", opened);
  ledger.begin(1, 0);
  ledger.take();
  ledger.acknowledge("P", ledger.seq);
  return ledger;
}

test("nothing is said while there is no recording", () => {
  const ledger = new Ledger("P", opened);
  ledger.add(chunk("a"));
  assert.equal(ledger.take(), "");
});

test("what happened before a recording becomes its beginning and is told as such", () => {
  const ledger = new Ledger("P", opened);
  ledger.add(chunk("early"));
  const liveFrom = ledger.count;
  ledger.add(chunk("pressed"));
  ledger.begin(1, liveFrom);
  ledger.add(chunk("of a request that began early"), 0);
  const lines = said(ledger);
  assert.deepEqual(lines.map(({ t, text }) => text ?? t), ["page", "early", "pressed", "of a request that began early"]);
  assert.deepEqual(lines.map(({ before }) => before ?? false), [true, true, false, true]);
  assert.deepEqual(lines.map(({ seq }) => seq), [1, 2, 3, 4]);
});

test("what is not acknowledged is said again after a loss, and what is acknowledged is not", () => {
  const ledger = recording();
  for (const text of ["a", "b", "c"]) ledger.add(chunk(text));
  const [first] = said(ledger);
  ledger.acknowledge("P", first.seq);
  assert.equal(ledger.take(), "");
  ledger.rewind();
  assert.deepEqual(said(ledger).map(({ text }) => text), ["b", "c"]);
  ledger.acknowledge("P", first.seq + 2);
  ledger.rewind();
  assert.equal(ledger.take(), "");
  assert.equal(ledger.linesSize, 0);
});

test("an acknowledgement of another page is of none of these lines", () => {
  const ledger = recording();
  ledger.add(chunk("a"));
  ledger.take();
  ledger.acknowledge("Q", 100);
  ledger.rewind();
  assert.equal(said(ledger).length, 1);
});

test("a frame ends before it is too long, and a single event is never cut", () => {
  const ledger = recording();
  const long = "x".repeat(FRAME_LIMIT - 200);
  for (const text of ["a", long, "b", long + long]) ledger.add(chunk(text));
  const frames = [];
  for (let frame = ledger.take(); frame; frame = ledger.take()) frames.push(frame.split("\n").map((line) => JSON.parse(line).text.length));
  assert.deepEqual(frames.flat(), [1, long.length, 1, 2 * long.length]);
  assert.ok(frames.length > 1);
  assert.deepEqual(frames.at(-1), [2 * long.length]);
});

test("the oldest is forgotten where there is too much, and the recording says how much", () => {
  const ledger = new Ledger("P", opened);
  for (let number = 0; number < CONTEXT.events + 10; number++) ledger.add(chunk(`${number}`));
  ledger.begin(1, ledger.count);
  const lines = said(ledger);
  assert.deepEqual(lines.filter(({ t }) => t === "lost").map(({ count, before }) => [count, before]), [[10, true]]);
  assert.equal(lines.filter(({ t }) => t === "chunk")[0].text, "10");
});

test("secrets are told in every recording, whatever was forgotten", () => {
  const ledger = new Ledger("P", opened);
  const secret = { t: "secret", name: "RECORDER_SECRET_A", placeholder: "[recorder-secret:0:A]", hint: "", digest: "" };
  ledger.add(secret);
  for (const session of [1, 2]) {
    ledger.begin(session, ledger.count);
    assert.equal(said(ledger).filter(({ t }) => t === "secret").length, 1);
    ledger.end();
  }
});

test("what an earlier document left unsaid is said first", () => {
  const ledger = recording();
  ledger.add(chunk("mine"));
  ledger.adopt([{ page: "O", seq: 7, line: JSON.stringify({ ...chunk("theirs"), page: "O", seq: 7 }) }]);
  assert.deepEqual(said(ledger).map(({ text }) => text), ["theirs", "mine"]);
  ledger.acknowledge("O", 7);
  ledger.rewind();
  assert.deepEqual(said(ledger).map(({ text }) => text), ["mine"]);
});

test("of what cannot be handed on one line owns up", () => {
  const ledger = recording();
  for (const text of ["a", "b", "c"]) ledger.add(chunk(text.repeat(100)));
  const lines = ledger.unacknowledged(250).map(({ line }) => JSON.parse(line));
  assert.deepEqual(lines.map(({ t, count }) => [t, count]), [["chunk", undefined], ["lost", 2]]);
  assert.equal(lines[1].seq, lines[0].seq + 1);
  assert.equal(ledger.unacknowledged(10_000).length, 3);
});
