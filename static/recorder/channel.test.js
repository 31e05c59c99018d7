import "../../tests/browser.js";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { show, sockets } from "../../tests/browser.js";
import { Channel, runOf } from "./channel.js";
import { Ledger } from "./ledger.js";

const TOKEN = "t".repeat(43);
const STATE = { t: "state", recording: false, saving: false, session: 0, calls: 0, last: "", saved: "", error: "", panel: false };
const ON = { ...STATE, recording: true, session: 1 };
const opened = () => ({ t: "page", url: "http://app.test/", title: "T", embedded: false });

beforeEach(() => {
  show();
  sockets.length = 0;
  for (const key of Object.keys(sessionStorage)) sessionStorage.removeItem(key);
});

/** A page whose line is open, and what it was told. */
function connected(page = "P") {
  const ledger = new Ledger(page, opened);
  const heard = { states: [], refused: [], panel: [], seen: [] };
  const seal = (message) => JSON.stringify({ ...message, key: "k" });
  const channel = new Channel(
    { token: TOKEN, channel: "/_recorder/channel" },
    ledger,
    (state) => heard.states.push(state),
    (why) => heard.refused.push(why),
    (message) => heard.panel.push(message),
    (message) => heard.seen.push(message),
    seal,
  );
  channel.connect();
  const socket = sockets.at(-1);
  socket.dispatchEvent(new Event("open"));
  return { ledger, channel, socket, heard };
}

test("nothing but hello leaves the page before the collector has spoken", () => {
  const { ledger, channel, socket } = connected();
  ledger.add({ t: "chunk", id: "r1", text: "a" });
  channel.schedule();
  channel.flush(true);
  assert.equal(socket.url, "ws://app.test/_recorder/channel");
  assert.deepEqual(socket.lines.map(({ t }) => t), ["hello"]);
});

test("what is remembered is said as soon as a recording is on", () => {
  const { ledger, socket } = connected();
  ledger.add({ t: "chunk", id: "r1", text: "a" });
  socket.hear(ON);
  assert.deepEqual(socket.lines.map(({ t }) => t).filter((t) => t !== "sought"), ["hello", "page", "chunk"]);
});

test("what is not acknowledged is said again on the next line", () => {
  const { ledger, channel, socket } = connected();
  socket.hear(ON);
  ledger.add({ t: "chunk", id: "r1", text: "a" });
  channel.flush();
  socket.hear({ t: "ack", page: "P", seq: 1 });
  channel.line = null;
  channel.connect();
  const next = sockets.at(-1);
  assert.notEqual(next, socket);
  next.dispatchEvent(new Event("open"));
  next.hear(ON);
  assert.deepEqual(next.lines.filter(({ page, t }) => page && t !== "hello").map(({ t, seq }) => [t, seq]), [["chunk", 2]]);
});

test("a press goes after everything that happened until then", () => {
  const { ledger, channel, socket } = connected();
  socket.hear(ON);
  ledger.add({ t: "chunk", id: "r1", text: "a" });
  assert.equal(channel.press(false), true);
  assert.deepEqual(socket.lines.slice(-2).map(({ t }) => t), ["chunk", "toggle"]);
});

test("a press before the collector has spoken waits until it has", () => {
  const { channel, socket } = connected();
  channel.press(true);
  assert.deepEqual(socket.lines.map(({ t }) => t), ["hello"]);
  socket.hear(STATE);
  assert.equal(socket.lines.at(-1).t, "toggle");
});

test("a page that is refused closes the line, says nothing more and does not come back", () => {
  const { ledger, channel, socket, heard } = connected();
  socket.hear(ON);
  socket.hear({ t: "refused", why: "because" });
  const before = socket.frames.length;
  ledger.add({ t: "chunk", id: "r1", text: "a" });
  channel.flush(true);
  channel.connect();
  assert.deepEqual([heard.refused, socket.isClosed, socket.frames.length, sockets.length], [["because"], true, before, 1]);
});

test("a stop is answered once everything has been said", () => {
  const { ledger, socket } = connected();
  socket.hear(ON);
  ledger.add({ t: "chunk", id: "r1", text: "last" });
  socket.hear({ ...ON, saving: true });
  assert.deepEqual(socket.lines.slice(-2).map(({ t, text }) => text ?? t), ["last", "told"]);
});

test("what a document leaves unsaid is said by the next one of the tab", () => {
  const first = connected("P");
  first.socket.hear(ON);
  first.socket.hear({ t: "ack", page: "P", seq: first.ledger.seq });
  first.ledger.add({ t: "chunk", id: "r1", text: "left" });
  first.channel.leave(true);
  const second = connected("Q");
  assert.deepEqual(Object.keys(sessionStorage), []);
  second.socket.hear(ON);
  const lines = second.socket.lines.filter(({ t }) => t === "chunk" || t === "page");
  assert.deepEqual(lines.map(({ page, t }) => [page, t]), [["P", "chunk"], ["Q", "page"]]);
});

test("what was left to another run of the recorder is not said to this one", () => {
  sessionStorage.setItem("api-recorder:left:P", `other 1\n${JSON.stringify({ t: "chunk", page: "P", seq: 1, text: "theirs" })}`);
  const { socket } = connected("Q");
  socket.hear(ON);
  assert.ok(!socket.frames.join().includes("theirs"));
});

test("the panel is told at once of what cannot be asked for", () => {
  const { channel, heard } = connected();
  channel.ask({ t: "look", on: true, target: "" });
  channel.ask({ t: "take", what: "script" });
  assert.deepEqual(heard.panel.map(({ t }) => t), ["given"]);
});

test("a run is named without giving its token away", () => {
  assert.equal(runOf({ token: TOKEN }), runOf({ token: TOKEN }));
  assert.notEqual(runOf({ token: TOKEN }), runOf({ token: `${TOKEN}u` }));
  assert.ok(runOf({ token: TOKEN }).length < 10);
});
