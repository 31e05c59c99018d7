import { natives, randomId } from "./natives.js";
import { declaredSecrets, redact } from "./redact.js";

/**
 * @typedef {{recording: boolean, saving: boolean, session: number, calls: number, last: string, saved: string, error: string}} State
 * @typedef {{open: (handlers: {onOpen: () => void, onText: (text: string) => void, onClose: () => void}) => void,
 *   send: (text: string) => void}} Transport
 */

/** What is remembered of the time before a recording. */
const CONTEXT_EVENTS = 4000;
const CONTEXT_CHARS = 16 * 1024 * 1024;
/** What may wait for the collector. */
const PENDING_CHARS = 128 * 1024 * 1024;
const FRAME_CHARS = 1024 * 1024;
const STORED_CHARS = 4 * 1024 * 1024;
const FLUSH_MS = 10;
const STORE_KEY = "api-recorder-pending";

/** The conversation with the collector: every event once, in order, through reloads and lost connections. */
export class Channel {
  /**
   * @param {Transport} transport
   * @param {string} token
   * @param {(state: State) => void} onState
   */
  constructor(transport, token, onState) {
    this.page = randomId(12);
    this.transport = transport;
    this.token = token;
    this.onState = onState;
    /** @type {State} */
    this.state = { recording: false, saving: false, session: 0, calls: 0, last: "", saved: "", error: "" };
    this.refused = "";
    this.open = false;
    this.greeted = false;
    this.seq = 0;
    this.joined = -1; // the session whose context was sent
    this.keeping = false; // from the press on, before the collector has answered
    this.pressed = 0; // how much of the context came before the press
    /** @type {{type: string, fields: Record<string, any>, size: number}[]} */
    this.context = [];
    this.contextChars = 0;
    this.contextLost = 0;
    /** @type {{seq: number, line: string}[]} */
    this.pending = [];
    this.pendingChars = 0;
    this.pendingLost = 0;
    this.sent = 0; // how many of the pending are on their way
    this.timer = 0;
    this.retry = 0;
    /** @type {Set<string>} */
    this.secretsSent = new Set();
    /** @type {(() => void)[]} */
    this.waiters = [];
    this.stored = takeStored();
    this.connect();
    window.addEventListener("pagehide", () => this.store());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.flush();
    });
  }

  connect() {
    this.transport.open({
      onOpen: () => {
        this.open = true;
        this.retry = 0;
        this.sent = 0;
        this.transport.send(natives.stringify({ t: "hello", page: this.page, token: this.token, v: 1 }));
      },
      onText: (text) => {
        for (const line of text.split("\n")) if (line) this.receive(natives.parse(line));
      },
      onClose: () => {
        this.open = false;
        this.greeted = false;
        if (this.refused) return;
        const wait = Math.min(100 * 2 ** this.retry++, 5000);
        natives.setTimeout(() => this.connect(), wait);
      },
    });
  }

  /** @param {any} message */
  receive(message) {
    if (message.t === "ack") {
      if (message.page === this.page) this.acknowledged(message.seq);
      return;
    }
    if (message.t === "refused") {
      this.refused = String(message.why);
      this.onState({ ...this.state, recording: false, saving: false, error: this.refused });
      return;
    }
    if (message.t !== "state") return;
    const first = !this.greeted;
    const known = this.state.session;
    this.greeted = true;
    this.state = { recording: false, saving: false, session: 0, calls: 0, last: "", saved: "", error: "", ...message };
    delete (/** @type {any} */ (this.state).t);
    if (this.state.recording && !this.state.saving && this.joined !== this.state.session) {
      // A page that opened while recording was on has been recorded from its first moment.
      const live = first && known === 0 ? 0 : this.keeping ? this.pressed : this.context.length;
      this.join(live);
    }
    if (!this.state.recording) {
      if (this.joined === this.state.session) this.joined = -1;
      if (this.state.error || !this.keeping) this.keeping = false;
      this.dropPending();
    } else this.keeping = false;
    this.stored = this.state.recording ? this.stored : [];
    this.onState(this.state);
    this.flush();
  }

  /**
   * Begins to speak in the recording that is on: what is remembered first.
   * @param {number} live index of the first remembered event that belongs to the recording itself
   */
  join(live) {
    this.joined = this.state.session;
    this.dropPending();
    this.secretsSent.clear();
    this.sendSecrets();
    if (this.contextLost) this.queue("lost", { count: this.contextLost, why: "the page remembers only so much of the time before a recording" });
    this.context.forEach(({ type, fields }, index) => this.queue(type, index < live ? { ...fields, before: true } : fields));
  }

  sendSecrets() {
    for (const secret of declaredSecrets()) {
      if (this.secretsSent.has(secret.placeholder)) continue;
      this.secretsSent.add(secret.placeholder);
      this.queue("secret", secret);
    }
  }

  dropPending() {
    this.pending = [];
    this.pendingChars = 0;
    this.sent = 0;
    this.settle();
  }

  /**
   * One fact. Kept here until a recording wants it.
   * @param {string} type
   * @param {Record<string, any>} fields
   */
  report(type, fields) {
    const clean = redact(type, { at: natives.now(), ...fields });
    this.remember(type, clean);
    if (this.state.recording && this.joined === this.state.session) {
      this.sendSecrets();
      this.queue(type, clean);
      this.schedule();
    }
  }

  /**
   * @param {string} type
   * @param {Record<string, any>} fields
   */
  remember(type, fields) {
    const size = 200 + (fields.body?.text?.length ?? 0) + (fields.text?.length ?? 0) + (fields.url?.length ?? 0);
    this.context.push({ type, fields, size });
    this.contextChars += size;
    // The first event says which page this is, and stays.
    while (this.context.length > CONTEXT_EVENTS || (this.contextChars > CONTEXT_CHARS && this.context.length > 2)) {
      const [gone] = this.context.splice(1, 1);
      this.contextChars -= gone?.size ?? 0;
      this.contextLost += 1;
      if (this.pressed > 1) this.pressed -= 1;
    }
  }

  /**
   * @param {string} type
   * @param {Record<string, any>} fields
   */
  queue(type, fields) {
    if (this.pendingChars > PENDING_CHARS) {
      this.pendingLost += 1;
      return;
    }
    if (this.pendingLost) {
      const count = this.pendingLost;
      this.pendingLost = 0;
      this.queue("lost", { count, why: "the collector did not take them in time", at: natives.now() });
    }
    const seq = ++this.seq;
    const line = natives.stringify({ t: type, page: this.page, seq, at: natives.now(), ...fields });
    this.pending.push({ seq, line });
    this.pendingChars += line.length;
  }

  schedule() {
    if (!this.timer) this.timer = natives.setTimeout(() => this.flush(), FLUSH_MS);
  }

  flush() {
    if (this.timer) natives.clearTimeout(this.timer);
    this.timer = 0;
    if (!this.open || !this.greeted || !this.state.recording) return;
    if (this.stored.length) this.transport.send(this.stored.splice(0).join("\n"));
    while (this.sent < this.pending.length) {
      const lines = [];
      let size = 0;
      while (this.sent < this.pending.length) {
        const line = /** @type {{line: string}} */ (this.pending[this.sent]).line;
        if (lines.length && size + line.length > FRAME_CHARS) break;
        lines.push(line);
        size += line.length;
        this.sent += 1;
      }
      this.transport.send(lines.join("\n"));
    }
  }

  /** @param {number} seq */
  acknowledged(seq) {
    let count = 0;
    while (count < this.pending.length && /** @type {{seq: number}} */ (this.pending[count]).seq <= seq) {
      this.pendingChars -= /** @type {{line: string}} */ (this.pending[count]).line.length;
      count += 1;
    }
    this.pending.splice(0, count);
    this.sent = Math.max(0, this.sent - count);
    this.settle();
  }

  settle() {
    if (!this.pending.length) for (const done of this.waiters.splice(0)) done();
  }

  /**
   * The person pressed the button.
   * @param {boolean} on
   */
  async press(on) {
    if (on) {
      this.keeping = true;
      this.pressed = this.context.length;
    } else {
      this.flush();
      // Everything up to the press is on disk before the collector is told of it; without a connection that never comes.
      if (this.pending.length && this.open) {
        await new Promise((done) => {
          this.waiters.push(() => done(undefined));
          natives.setTimeout(() => done(undefined), 5000);
        });
      }
    }
    if (this.open) this.transport.send(natives.stringify({ t: "toggle", on }));
    else this.onState({ ...this.state, error: "The recorder is not there. Start it again and reload this page" });
  }

  /** Leaves to the next document of this tab what the collector has not confirmed. */
  store() {
    this.flush();
    if (!this.state.recording || !this.pending.length) return;
    const lines = [];
    let size = 0;
    for (const { line } of this.pending) {
      size += line.length;
      if (size > STORED_CHARS) break;
      lines.push(line);
    }
    try {
      sessionStorage.setItem(STORE_KEY, lines.join("\n"));
    } catch {
      // Full or forbidden: what was flushed has most likely arrived.
    }
  }
}

/** @returns {string[]} */
function takeStored() {
  try {
    const text = sessionStorage.getItem(STORE_KEY);
    sessionStorage.removeItem(STORE_KEY);
    return text ? text.split("\n") : [];
  } catch {
    return [];
  }
}

/**
 * Speaks over a WebSocket of our own origin.
 * @param {string} path
 * @returns {Transport}
 */
export function socketTransport(path) {
  /** @type {WebSocket | null} */
  let socket = null;
  return {
    open({ onOpen, onText, onClose }) {
      socket = new natives.WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`);
      socket.onopen = onOpen;
      socket.onmessage = (event) => onText(String(event.data));
      socket.onclose = onClose;
    },
    send(text) {
      socket?.send(text);
    },
  };
}

/**
 * Speaks through a function that the browser's driver put on the window.
 * @param {(text: string) => Promise<string>} call
 * @returns {Transport}
 */
export function bindingTransport(call) {
  /** @type {(text: string) => void} */
  let onReply = () => {};
  return {
    open({ onOpen, onText, onClose }) {
      onReply = onText;
      onOpen();
      const wait = async () => {
        try {
          for (;;) onText(await call('{"t":"wait"}'));
        } catch {
          onClose();
        }
      };
      natives.setTimeout(wait, 0);
    },
    send(text) {
      call(text).then(onReply, () => {});
    },
  };
}
