/**
 * The page's memory: everything that happened, bounded, and of the recording that is on what the collector has not yet
 * acknowledged. No clock, no network: the channel asks it what to say.
 */
import { natives } from "./natives.js";

/**
 * @typedef {{fact: import("./words.js").Fact, at: number, since: number, size: number}} Entry
 * @typedef {{page: string, seq: number, line: string}} Line
 */

/** How much is remembered from before a recording. */
export const CONTEXT = Object.freeze({ events: 4000, characters: 16 * 1024 * 1024 });
/** Characters that may wait for an acknowledgement. */
export const UNSENT_LIMIT = 128 * 1024 * 1024;
/** Characters of a frame, unless a single event is longer. */
export const FRAME_LIMIT = 1024 * 1024;
/** Bytes of a line: the collector takes frames of 64 MB. */
const LINE_LIMIT = 60 * 1024 * 1024;

export class Ledger {
  /**
   * @param {string} page
   * @param {() => import("./words.js").PageOpened} opened describes the page, asked when it is to be said
   */
  constructor(page, opened) {
    this.page = page;
    this.opened = opened;
    this.openedAt = natives.now();
    /** The session that is being recorded, 0 while there is none. */
    this.session = 0;
    /** How many facts there have been: the page's own sense of time. */
    this.count = 0;
    /** @type {(Entry | null)[]} */
    this.context = [];
    /** Where in `context` the oldest is that is still remembered. */
    this.first = 0;
    this.contextSize = 0;
    this.forgotten = 0;
    /** @type {{fact: import("./words.js").Secret, at: number}[]} */
    this.secrets = [];
    this.liveFrom = 0;
    this.seq = 0;
    /** @type {Line[]} */
    this.lines = [];
    this.linesSize = 0;
    this.sent = 0;
    this.dropped = 0;
  }

  /**
   * Something happened.
   * @param {import("./words.js").Fact & {at?: number}} stamped
   * @param {number} [since] when that began of which this is a part, by `count`
   */
  add(stamped, since = this.count) {
    const { at = natives.now(), ...fact } = stamped;
    this.count += 1;
    if (fact.t === "secret") {
      this.secrets.push({ fact, at });
      if (this.session) this.enqueue(fact, at, false);
      return;
    }
    const entry = { fact, at, since, size: sizeOfFact(fact) };
    this.context.push(entry);
    this.contextSize += entry.size;
    this.forget();
    if (this.session) this.enqueue(fact, at, since < this.liveFrom);
  }

  /**
   * Something happened that is told of for this recording only, and not remembered for another.
   * @param {import("./words.js").Fact} fact
   * @param {number} at
   * @param {boolean} before
   */
  tell(fact, at, before) {
    this.count += 1;
    if (this.session) this.enqueue(fact, at, before);
  }

  /** What is more than can be remembered goes; the list is made shorter only now and then. */
  forget() {
    const over = () => this.context.length - this.first > CONTEXT.events || this.contextSize > CONTEXT.characters;
    for (let oldest = this.context[this.first]; oldest && over(); oldest = this.context[this.first]) {
      this.contextSize -= oldest.size;
      this.context[this.first] = null;
      this.first += 1;
      this.forgotten += 1;
    }
    if (this.first > CONTEXT.events / 4) {
      this.context.splice(0, this.first);
      this.first = 0;
    }
  }

  /**
   * A recording is on: what is remembered becomes its beginning.
   * @param {number} session
   * @param {number} liveFrom what began earlier, by `count`, is told as `before`
   */
  begin(session, liveFrom) {
    this.end();
    const opened = this.opened();
    this.session = session;
    this.liveFrom = liveFrom;
    this.enqueue(opened, this.openedAt, liveFrom > 0);
    for (const { fact, at } of this.secrets) this.enqueue(fact, at, false);
    if (this.forgotten) {
      const why = "the page remembers only so much of what happened before the recording";
      this.enqueue({ t: "lost", count: this.forgotten, why }, this.openedAt, true);
    }
    for (const entry of this.context) if (entry) this.enqueue(entry.fact, entry.at, entry.since < liveFrom);
  }

  /** The recording is over; what it had not acknowledged belongs to nothing. */
  end() {
    this.session = 0;
    this.lines = [];
    this.linesSize = 0;
    this.sent = 0;
    this.dropped = 0;
  }

  /**
   * @param {import("./words.js").Fact} fact
   * @param {number} at
   * @param {boolean} before
   */
  enqueue(fact, at, before) {
    if (this.dropped && this.linesSize < UNSENT_LIMIT / 2) {
      const count = this.dropped;
      this.dropped = 0;
      this.enqueue({ t: "lost", count, why: "the recorder could not be reached for too long" }, at, false);
    }
    const head = { t: fact.t, page: this.page, seq: this.seq + 1, at };
    let line = natives.stringify(before ? { ...head, before, ...fact } : { ...head, ...fact });
    if (line.length > LINE_LIMIT / 3 && new Blob([line]).size > LINE_LIMIT) {
      line = natives.stringify({ ...head, before, ...fact, ...tooLarge(fact) });
    }
    if (this.linesSize + line.length > UNSENT_LIMIT) {
      this.dropped += 1;
      return;
    }
    this.seq += 1;
    this.lines.push({ page: this.page, seq: this.seq, line });
    this.linesSize += line.length;
  }

  /** The next frame, empty if everything has been said. */
  take() {
    /** @type {string[]} */
    const frame = [];
    let size = 0;
    for (let next = this.lines[this.sent]; next; next = this.lines[this.sent]) {
      if (size && size + next.line.length > FRAME_LIMIT) break;
      frame.push(next.line);
      size += next.line.length + 1;
      this.sent += 1;
    }
    return frame.join("\n");
  }

  /** The connection was lost: what is not acknowledged is to be said again. */
  rewind() {
    this.sent = 0;
  }

  /**
   * Everything of `page` up to `seq` is on disk.
   * @param {string} page
   * @param {number} seq
   */
  acknowledge(page, seq) {
    let done = 0;
    for (let line = this.lines[done]; line && line.page === page && line.seq <= seq; line = this.lines[done]) {
      this.linesSize -= line.line.length;
      done += 1;
    }
    this.lines.splice(0, done);
    this.sent = Math.max(0, this.sent - done);
  }

  /**
   * What an earlier document of this tab could not get acknowledged is said first.
   * @param {Line[]} lines
   */
  adopt(lines) {
    this.lines = [...lines, ...this.lines];
    for (const { line } of lines) this.linesSize += line.length;
    this.sent = 0;
  }

  /**
   * What is not acknowledged, the oldest first, and one line that owns up to what did not fit.
   * @param {number} limit characters
   * @returns {Line[]}
   */
  unacknowledged(limit) {
    let size = 0;
    const kept = this.lines.findIndex(({ line }) => (size += line.length) > limit);
    const first = this.lines[kept];
    if (!first) return this.lines;
    const { page, seq } = first;
    const why = "the page was left before they could be sent";
    const lost = { t: "lost", page, seq, at: natives.now(), count: this.lines.length - kept, why };
    return [...this.lines.slice(0, kept), { page, seq, line: natives.stringify(lost) }];
  }
}

/** @param {import("./words.js").Fact} fact */
function sizeOfFact(fact) {
  let size = 200;
  if ("text" in fact) size += fact.text.length;
  if ("value" in fact) size += fact.value.length;
  if ("of" in fact) size += fact.of?.length ?? 0;
  if ("url" in fact) size += fact.url.length;
  if ("body" in fact) {
    size += fact.body?.text?.length ?? 0;
    for (const part of fact.body?.parts ?? []) size += 100 + (part.value?.length ?? 0);
  }
  return size;
}

/** @param {import("./words.js").Fact} fact */
function tooLarge(fact) {
  return "text" in fact ? { text: "" } : { body: { kind: "lost", reason: "too_large" } };
}
