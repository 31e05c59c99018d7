/**
 * The line to the collector: a WebSocket of the app's own origin, or a function that the browser exposes. Says what the
 * ledger has to say in few frames, begins again after a loss, and lets the next document of the tab finish.
 */
import { kindHere } from "./kinds.js";
import { own } from "./elements.js";
import { guarded, listen, natives } from "./natives.js";
import { PROTOCOL } from "./words.js";

const BATCH_MS = 50;
/**
 * So often within that time, what happened is said at once: a renderer that is killed takes with it what was to be said
 * later. What comes thicker is gathered.
 */
const AT_ONCE = 4;
const RETRY_MS = [50, 200, 1000, 2000, 5000, 10000];
const BUFFERED_LIMIT = 8 * 1024 * 1024;
const LEFT_LIMIT = 4 * 1024 * 1024;
const LEFT = "api-recorder:left:";
const UNREACHED = "The recorder cannot be reached just now. What happens here is kept until it can.";
/** The session of a page that is left before it was told whether there is one. */
const UNKNOWN = -1;
/** How long a first account of the page waits for the document to name itself. */
const NAMING_MS = 2000;

/**
 * @typedef {object} Line_ an open or opening line; `send` may be called once it is open
 * @property {(frame: string) => void} send
 * @property {() => number} waiting characters handed over and not yet on their way
 * @property {() => void} close
 *
 * @typedef {object} Ears
 * @property {() => void} opened
 * @property {(text: string) => void} heard one or more lines
 * @property {() => void} closed
 */

export class Channel {
  /**
   * @param {import("./words.js").Config} config
   * @param {import("./ledger.js").Ledger} ledger
   * @param {(state: import("./words.js").State, isPressLost: boolean, isFirst: boolean) => void} onState told the first of
   *   each line as such
   * @param {(why: string) => void} onRefused
   * @param {(message: import("./words.js").ToPanel) => void} onPanel
   * @param {(message: import("./words.js").FromWire) => void} onSeen
   * @param {(message: any) => string} seal as {@link import("./control.js").Control} has it
   */
  constructor(config, ledger, onState, onRefused, onPanel, onSeen, seal) {
    this.config = config;
    this.seal = seal;
    this.ledger = ledger;
    this.onState = onState;
    this.onRefused = onRefused;
    this.onPanel = onPanel;
    this.onSeen = onSeen;
    /** @type {import("./words.js").Loaded[]} what is to be reported once the recording has begun on this page */
    this.loaded = [];
    /** @type {Line_ | null} */
    this.line = null;
    this.isOpen = false;
    /** Whether the collector has spoken on this line: before that, nothing but `Hello` leaves the page. */
    this.isGreeted = false;
    this.hasState = false;
    this.isRefused = false;
    this.attempts = 0;
    /** Since when `saidAtOnce` counts. */
    this.countedAt = 0;
    this.saidAtOnce = 0;
    /** Whether it will be said in a moment, and at the end of the time in which things are gathered. */
    this.isDue = false;
    this.isScheduled = false;
    /** @type {string | null} the frame of a press that is not on its way yet */
    this.press_ = null;
    /** @type {number | null} */
    this.pressedAt = null;
    /** @type {(() => void) | null} */
    this.beginning = null;
    /** Whether the document as the app sent it is here. */
    this.isSource = false;
    this.left = takeLeft();
  }

  start() {
    this.connect();
    listen(window, "pagehide", () => this.leave(true));
    listen(document, "visibilitychange", () => own(document, "visibilityState") === "hidden" && this.leave());
    listen(window, "pageshow", (event) => {
      if (event.persisted && !this.isOpen && !this.line) this.connect();
    });
  }

  connect() {
    if (this.isRefused) return;
    const ears = {
      opened: guarded(() => {
        this.isOpen = true;
        this.line?.send(natives.stringify({ t: "hello", page: this.ledger.page, token: this.config.token, v: PROTOCOL }));
      }),
      heard: guarded((/** @type {string} */ text) => {
        for (const line of text.split("\n")) if (line) this.hear(natives.parse(line));
      }),
      closed: guarded(() => this.lose()),
    };
    this.isGreeted = false;
    this.ledger.rewind();
    this.line = this.config.binding ? bindingLine(this.config.binding, ears) : socketLine(this.config.channel ?? "", ears);
  }

  lose() {
    this.line = null;
    this.isOpen = this.isGreeted = false;
    if (this.isRefused) return;
    const wait = RETRY_MS[Math.min(this.attempts, RETRY_MS.length - 1)] ?? 0;
    this.attempts += 1;
    natives.setTimeout(guarded(() => this.connect()), wait * (0.75 + Math.random() / 2));
  }

  /** @param {import("./words.js").ToPage} message */
  hear(message) {
    if (message.t === "ack") {
      this.ledger.acknowledge(message.page, message.seq);
    } else if (message.t === "refused") {
      this.isRefused = true;
      this.ledger.end();
      this.line?.close();
      this.onRefused(message.why);
    } else if (message.t === "state") {
      // A press that went down with the line before was not heard: the person sees that and presses again.
      const isPressLost = !this.isGreeted && this.press_ === null;
      if (isPressLost && !message.recording) this.pressedAt = null;
      const isFirst = !this.isGreeted;
      this.attempts = 0;
      this.isGreeted = true;
      this.follow(message);
      this.onState(message, isPressLost, isFirst);
      const { document: key } = this.config;
      if (isFirst && key && !this.isSource) this.line?.send(natives.stringify({ t: "sought", key }));
      if (isFirst && this.ledger.session) this.seekScripts();
    } else if (message.t === "loaded" && !this.ledger.session) {
      this.loaded.push(message);
    } else if (message.t === "loaded" || message.t === "streamed" || message.t === "source") {
      if (message.t === "source") this.isSource = true;
      this.onSeen(message);
    } else {
      return this.onPanel(message);
    }
    if (this.press_ !== null && this.isGreeted) this.sendPress();
    if (message.t === "state" && message.saving) {
      // The recording ends, and all that happened until now is of it.
      this.beginning?.();
      this.flush(true);
      this.line?.send(natives.stringify({ t: "told" }));
    }
    this.flush();
  }

  /** What the files of an app that describes itself hold, the app says better. */
  seekScripts() {
    if (!kindHere().describesItself) this.line?.send(natives.stringify({ t: "sought" }));
  }

  /** @param {import("./words.js").State} state */
  follow(state) {
    const isFirst = !this.hasState;
    this.hasState = true;
    if (!state.recording || !state.session) {
      if (this.beginning) this.beginning = null;
      this.loaded = [];
      this.ledger.end();
      if (state.error) this.pressedAt = null;
      return;
    }
    const session = state.session;
    if (this.ledger.session === session || this.beginning) return;
    // What came after the press is of the recording, and so is everything on a page that opened into one.
    const liveFrom = this.pressedAt ?? (isFirst ? 0 : this.ledger.count);
    this.pressedAt = null;
    const begin = guarded(() => {
      if (this.beginning !== begin) return;
      this.beginning = null;
      this.ledger.begin(session, liveFrom);
      const run = runOf(this.config);
      // What was left before the recorder answered is of the recording that is on when the next page opens.
      const isOurs = (/** @type {Left} */ left) => left.run === run && (left.session === session || (!left.session && liveFrom === 0));
      this.ledger.adopt(this.left.flatMap((left) => (isOurs(left) ? left.lines : [])));
      this.left = [];
      this.seekScripts();
      for (const message of this.loaded.splice(0)) this.onSeen(message);
      this.flush();
    });
    this.beginning = begin;
    if (own(document, "readyState") !== "loading") return begin();
    listen(document, "DOMContentLoaded", begin);
    natives.setTimeout(begin, NAMING_MS);
  }

  /**
   * The person pressed the button.
   * @param {boolean} on
   * @returns {boolean} whether it was taken
   */
  press(on) {
    const frame = this.seal({ t: "toggle", on });
    if (!frame) return false;
    if (on) this.pressedAt = this.ledger.count;
    this.press_ = frame;
    if (this.isGreeted) this.sendPress();
    return true;
  }

  /**
   * The panel asks for something. Whether it looks is told anew once there is a line again, all else is the person's to
   * ask once more.
   * @param {import("./words.js").FromPanel} message
   */
  ask(message) {
    const frame = this.seal(message);
    if (!frame) return;
    if (this.isGreeted) return this.line?.send(frame);
    if (message.t === "look") return;
    if (message.t === "take") this.onPanel({ t: "given", what: message.what, path: message.path ?? "", error: UNREACHED });
    else this.onPanel({ t: "trouble", sentence: UNREACHED });
  }

  sendPress() {
    const frame = this.press_;
    this.press_ = null;
    // Everything until the press must be there before it.
    this.flush(true);
    if (frame) this.line?.send(frame);
  }

  /**
   * Something is to be said: soon, together with what comes with it.
   * @param {boolean} [canWait] whether more of the same is to follow
   */
  schedule(canWait = false) {
    if (!this.isGreeted || !this.ledger.session) return;
    const now = natives.now();
    const left = this.countedAt + BATCH_MS - now;
    // A clock that was set back must not hold anything up.
    if (left <= 0 || left > BATCH_MS) {
      this.countedAt = now;
      this.saidAtOnce = 0;
    }
    if (!canWait && !this.isDue && this.saidAtOnce < AT_ONCE) {
      this.saidAtOnce += 1;
      this.isDue = true;
      natives.queueMicrotask(
        guarded(() => {
          this.isDue = false;
          this.flush();
        }),
      );
    } else if (!this.isDue && !this.isScheduled) {
      this.isScheduled = true;
      natives.setTimeout(
        guarded(() => {
          this.isScheduled = false;
          this.flush();
        }),
        this.countedAt + BATCH_MS - now,
      );
    }
  }

  /** @param {boolean} [evenIfFull] */
  flush(evenIfFull = false) {
    if (!this.line || !this.isGreeted || !this.ledger.session) return;
    while (evenIfFull || this.line.waiting() < BUFFERED_LIMIT) {
      const frame = this.ledger.take();
      if (!frame) return;
      this.line.send(frame);
    }
    this.schedule(true);
  }

  /**
   * The document may be gone in a moment.
   * @param {boolean} [isGone] whether it certainly is
   */
  leave(isGone = false) {
    this.beginning?.();
    this.flush(true);
    if (isGone && !this.hasState && !this.ledger.session) this.ledger.begin(UNKNOWN, 0);
    const lines = this.ledger.session ? this.ledger.unacknowledged(LEFT_LIMIT) : [];
    try {
      const key = LEFT + this.ledger.page;
      if (lines.length === 0) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, [`${runOf(this.config)} ${Math.max(0, this.ledger.session)}`, ...lines.map(({ line }) => line)].join("\n"));
    } catch {
      // A page without storage has nothing to hand on by.
    }
  }
}

/** @typedef {{run: string, session: number, lines: import("./ledger.js").Line[]}} Left */

/**
 * What earlier documents of this tab left unsaid, taken out of the storage before the app looks at it.
 * @returns {Left[]}
 */
function takeLeft() {
  /** @type {Left[]} */
  const found = [];
  try {
    for (const key of Object.keys(sessionStorage)) {
      if (!key.startsWith(LEFT)) continue;
      const [head = "", ...texts] = (sessionStorage.getItem(key) ?? "").split("\n");
      sessionStorage.removeItem(key);
      const [run = "", number] = head.split(" ");
      const session = Number(number);
      const lines = texts.map((line) => ({ page: natives.parse(line).page, seq: natives.parse(line).seq, line }));
      found.push({ run, session, lines });
    }
  } catch {
    // No storage, or something in it that is not ours.
  }
  return found;
}

/**
 * Names the collector's run without giving its token away.
 * @param {import("./words.js").Config} config
 */
export function runOf(config) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < config.token.length; index++) {
    hash = Math.imul(hash ^ config.token.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash.toString(36);
}

/**
 * @param {string} path
 * @param {Ears} ears
 * @returns {Line_}
 */
function socketLine(path, ears) {
  const url = new URL(path, location.origin);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  /** @type {WebSocket} */
  const socket = new natives.WebSocket(url);
  listen(socket, "open", ears.opened);
  listen(socket, "message", (event) => ears.heard(String(event.data)));
  listen(socket, "close", ears.closed);
  return {
    send: (frame) => natives.apply(natives.socketSend, socket, [frame]),
    waiting: () => socket.bufferedAmount,
    close: () => natives.apply(natives.socketClose, socket, []),
  };
}

/** @type {((frame: string) => Promise<string>) | undefined} */
let exposed;

/**
 * A function that takes a frame and promises the reply; a frame `wait` stays unanswered until the collector has something
 * to say.
 * @param {string} name
 * @param {Ears} ears
 * @returns {Line_}
 */
function bindingLine(name, ears) {
  let isClosed = false;
  let waiting = 0;
  const close = () => {
    if (isClosed) return;
    isClosed = true;
    natives.setTimeout(ears.closed, 0);
  };
  /** @param {string} frame */
  const call = async (frame) => {
    if (isClosed || !exposed) return;
    try {
      const reply = await exposed(frame);
      if (reply && !isClosed) ears.heard(reply);
    } catch {
      close();
    }
  };
  const listenOn = async () => {
    while (!isClosed) await call('{"t":"wait"}');
  };
  // Calls keep their order, and a document that is about to go has no time to wait for the answer to the one before.
  /** @param {string} frame */
  const send = async (frame) => {
    waiting += frame.length;
    await call(frame);
    waiting -= frame.length;
  };
  natives.queueMicrotask(() => {
    exposed ??= hideExposed(name);
    if (!exposed) return close();
    ears.opened();
    void listenOn();
  });
  return { send: (frame) => void send(frame), waiting: () => waiting, close };
}

/**
 * The exposed function, taken out of the app's sight. It stays where it is: some browsers' drivers look it up by name.
 * @param {string} name
 */
function hideExposed(name) {
  const owner = /** @type {any} */ (window);
  const value = owner[name];
  if (typeof value !== "function") return undefined;
  Object.defineProperty(owner, name, { value, enumerable: false, configurable: true, writable: false });
  return value.bind(window);
}
