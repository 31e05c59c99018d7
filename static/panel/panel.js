/**
 * The recording panel: the calls as they happen and, beside them, the script that they become. Docked beside the app, in
 * a shadow tree of its own; or the whole of a page, for a session that was saved.
 */
import { guarded, listen, natives } from "../recorder/natives.js";
import { Calls } from "./calls.js";
import { ICONS, icon, iconButton, make } from "./elements.js";
import { Room } from "./room.js";
import { ScriptPane } from "./script.js";
import { PANEL_STYLE } from "./style.js";
import { isDarkHere } from "../recorder/kinds.js";

const PANEL_KEPT = "api-recorder:panel";
const LEAST_PX = 300;
const STEP_PX = 24;
/** A window narrower than this has no room at its side. */
const NARROW_PX = 760;
const FILES_KEPT = 60;

/** @typedef {import("../recorder/words.js").FromPanel} FromPanel_ */

/** What a panel shows, wherever it stands. */
export class Board {
  /**
   * @param {(message: FromPanel_) => void} ask
   * @param {string} [home] where the pages of ours are served, if they are
   */
  constructor(ask, home = "") {
    this.ask = ask;
    /** @type {Map<string, Promise<import("../recorder/words.js").Given>>} */
    this.files = new Map();
    /** @type {Map<string, ((given: import("../recorder/words.js").Given) => void)[]>} */
    this.waiting = new Map();
    this.isReplaying = false;
    this.done = 0;
    this.count = 0;
    this.calls = new Calls({ ask, read: (path) => this.read(path) });
    this.script = new ScriptPane(
      (message) => this.take(message),
      (target) => this.choose(target),
      (sentence) => this.tell(sentence),
    );
    const pages = home ? [["api", "API page"], ["sessions", "Sessions"]] : [];
    for (const [page, name] of pages) this.script.bar.append(make("a", { href: `${home}${page}`, target: "_blank", rel: "noopener" }, name ?? ""));
    this.title = make("h2", {});
    this.name = make("span", { class: "soft name" });
    this.undo = iconButton(ICONS.undo, "Undo", () => ask({ t: "edit", what: "undo" }), { disabled: true });
    this.replay = make("button", { type: "button", class: "replay", onclick: () => this.again() });
    this.panes = make("div", { class: "panes" }, this.calls.element, this.script.element);
    this.swap = make("button", { type: "button", class: "swap", "aria-pressed": "false", onclick: () => this.swapPanes() }, "Script");
    this.tools = make("div", { class: "tools" }, this.swap, this.undo, this.replay);
    this.head = make("header", {}, make("div", { class: "titles" }, this.title, this.name), this.tools);
    this.status = make("p", { class: "status", role: "status" });
    this.element = make(
      "section",
      { class: "board", "aria-label": "Recorded calls and their script" },
      this.head,
      this.panes,
      this.status,
    );
    /** @type {(target: string) => void} */
    this.onTarget = () => {};
    this.markReplay();
    listen(this.element, "keydown", (event) => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches("input, textarea");
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !isTyping && !this.undo.disabled) {
        event.preventDefault();
        ask({ t: "edit", what: "undo" });
      }
    });
  }

  /** @param {string} target */
  choose(target) {
    this.onTarget(target);
    this.ask({ t: "look", on: true, target });
  }

  /** Asks for everything, as one that knows nothing. */
  look() {
    this.ask({ t: "look", on: true, target: this.script.target });
  }

  /** @param {import("../recorder/words.js").ToPanel} message */
  hear(message) {
    if (message.t === "view") this.view(message);
    else if (message.t === "script") this.script.show(message);
    else if (message.t === "came") this.came(message);
    else if (message.t === "ran") this.ran(message);
    else if (message.t === "given") this.given(message);
    else if (message.t === "trouble") this.tell(message.sentence, true);
  }

  /** @param {import("../recorder/words.js").View} view */
  view(view) {
    const length = view.length ?? 0;
    this.title.textContent = view.live ? `Recording · ${length} ${length === 1 ? "call" : "calls"}` : `${length} recorded ${length === 1 ? "call" : "calls"}`;
    this.title.classList.toggle("live", Boolean(view.live));
    this.name.textContent = view.name ?? "";
    this.undo.disabled = !view.undo;
    this.script.offer(view.targets ?? []);
    this.calls.show(view);
  }

  /** Where there is no room for both, the other one. */
  swapPanes() {
    this.swap.setAttribute("aria-pressed", String(this.panes.classList.toggle("shows-script")));
  }

  again() {
    this.ask(this.isReplaying ? { t: "again", on: false } : { t: "again", on: true });
  }

  markReplay() {
    const name = this.isReplaying ? `Stop · ${this.done} of ${this.count}` : "Replay";
    this.replay.replaceChildren(icon(this.isReplaying ? ICONS.stop : ICONS.replay), make("span", {}, name));
    this.replay.setAttribute("aria-label", name);
  }

  /** @param {import("../recorder/words.js").Ran} ran */
  ran(ran) {
    this.isReplaying = Boolean(ran.running);
    if (ran.running) {
      this.calls.clearReplay();
      this.files.forEach((_, path) => path.startsWith("replay/") && this.files.delete(path));
      this.done = 0;
      this.count = ran.calls ?? 0;
      this.tell("Replaying…");
    } else {
      this.tell(ran.summary ?? "", !ran.ok);
    }
    this.markReplay();
  }

  /** @param {import("../recorder/words.js").Came} came */
  came(came) {
    if (came.over) this.done += 1;
    this.calls.came(came);
    this.markReplay();
  }

  /**
   * @param {string} sentence
   * @param {boolean} [isTrouble]
   */
  tell(sentence, isTrouble = false) {
    this.status.textContent = sentence;
    this.status.classList.toggle("wrong", isTrouble);
  }

  /**
   * A file of the session, asked for once.
   * @param {string} path
   */
  read(path) {
    const there = this.files.get(path);
    if (there) return there;
    const found = this.take({ t: "take", what: "file", path });
    this.files.set(path, found);
    void found.then((given) => given.error && this.files.delete(path));
    for (const oldest of this.files.keys()) {
      if (this.files.size <= FILES_KEPT) break;
      this.files.delete(oldest);
    }
    return found;
  }

  /**
   * @param {import("../recorder/words.js").Take} message
   * @returns {Promise<import("../recorder/words.js").Given>}
   */
  take(message) {
    const key = `${message.what} ${message.path ?? ""}`;
    return new Promise((resolve) => {
      this.waiting.set(key, [...(this.waiting.get(key) ?? []), resolve]);
      this.ask(message);
    });
  }

  /** @param {import("../recorder/words.js").Given} given */
  given(given) {
    const key = `${given.what} ${given.path ?? ""}`;
    const [first, ...others] = this.waiting.get(key) ?? [];
    if (others.length) this.waiting.set(key, others);
    else this.waiting.delete(key);
    first?.(given);
  }
}

/** @typedef {{isOpen: boolean, dock: "right" | "bottom" | "", size: number, target: string}} Kept_ */

/** The board beside the app, and the room that it takes. */
export class PanelDock {
  /**
   * @param {(message: FromPanel_) => void} ask
   * @param {(isOpen: boolean) => void} onOpen
   * @param {string} home as {@link Board} has it
   * @param {(place: Node) => void} trust as {@link import("../recorder/control.js").Control} has it
   */
  constructor(ask, onOpen, home, trust) {
    this.ask = ask;
    this.trust = trust;
    this.onOpen = onOpen;
    this.home = home;
    this.kept = recallPanel();
    /** @type {Board | null} */
    this.board = null;
    /** @type {HTMLElement | null} */
    this.host = null;
    this.frame = make("div", { class: "frame" });
    this.grip = make("div", { class: "grip", role: "separator", tabindex: 0, "aria-label": "Size of the panel", "aria-valuemin": LEAST_PX });
    this.side = iconButton(ICONS.bottom, "Dock at the bottom", () => this.dock(this.where() === "right" ? "bottom" : "right"));
    this.room = new Room();
    this.themes = new natives.MutationObserver(guarded(() => this.tint()));
    /** @type {Element | null} */
    this.cameFrom = null;
  }

  get isOpen() {
    return this.host !== null;
  }

  /** @param {Node} node */
  contains(node) {
    return this.host?.contains(node) ?? false;
  }

  /** After a reload the panel is there again if it was before. */
  restore() {
    if (this.kept.isOpen && !this.isOpen) this.open(false);
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.open(true);
  }

  /** @param {boolean} takesFocus */
  open(takesFocus) {
    if (this.isOpen) return;
    const board = (this.board ??= this.build());
    const host = natives.apply(natives.createElement, document, ["div"]);
    this.trust(host);
    host.setAttribute("data-api-recorder", "");
    host.setAttribute("data-api-recorder-panel", "");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(PANEL_STYLE);
    root.adoptedStyleSheets = [sheet];
    root.append(this.frame);
    this.host = host;
    // An app's shortcuts are not meant for what is typed here.
    for (const type of ["keydown", "keypress", "keyup", "input", "change", "paste", "copy", "cut", "wheel"]) {
      listen(host, type, (event) => event.stopPropagation());
    }
    document.documentElement.append(host);
    this.cameFrom = document.activeElement;
    this.place();
    for (const each of [document.documentElement, document.body]) this.themes.observe(each, { attributes: true, attributeFilter: ["class"] });
    this.keep({ isOpen: true });
    board.script.clear();
    board.look();
    this.onOpen(true);
    if (takesFocus) board.element.focus({ preventScroll: true });
  }

  close() {
    if (!this.host) return;
    const hadFocus = document.activeElement === this.host;
    this.host.remove();
    this.host = null;
    this.room.giveBack();
    this.themes.disconnect();
    this.keep({ isOpen: false });
    this.ask({ t: "look", on: false, target: "" });
    this.onOpen(false);
    if (hadFocus && this.cameFrom instanceof HTMLElement) this.cameFrom.focus({ preventScroll: true });
  }

  /** The connection is a new one, which knows of no panel. */
  reconnected() {
    if (!this.isOpen) return;
    this.board?.script.clear();
    this.board?.look();
  }

  build() {
    const board = new Board(this.ask, this.home);
    board.element.tabIndex = -1;
    board.script.target = this.kept.target;
    board.onTarget = (target) => this.keep({ target });
    board.tools.append(this.side, iconButton(ICONS.close, "Close the panel", () => this.close()));
    this.frame.append(this.grip, board.element);
    listen(this.frame, "keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) this.close();
    });
    listen(this.grip, "pointerdown", (event) => this.grab(event));
    listen(this.grip, "keydown", (event) => {
      const more = this.where() === "right" ? "ArrowLeft" : "ArrowUp";
      const less = this.where() === "right" ? "ArrowRight" : "ArrowDown";
      if (event.key !== more && event.key !== less) return;
      event.preventDefault();
      this.keep({ size: this.size() + (event.key === more ? STEP_PX : -STEP_PX) });
      this.place();
    });
    listen(window, "resize", () => this.isOpen && this.place());
    listen(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.tint());
    return board;
  }

  /** @param {import("../recorder/words.js").ToPanel} message */
  hear(message) {
    if (!this.board || (!this.isOpen && message.t !== "given")) return;
    // An app that makes its document anew takes out what it does not know.
    if (this.host && !this.host.isConnected) document.documentElement.append(this.host);
    this.board.hear(message);
  }

  where() {
    return innerWidth < NARROW_PX ? "bottom" : this.kept.dock || "right";
  }

  size() {
    const room = this.where() === "right" ? innerWidth : innerHeight;
    const wanted = this.kept.size || Math.round(room * (this.where() === "right" ? 0.34 : 0.45));
    return Math.max(Math.min(LEAST_PX, room - 80), Math.min(wanted, room - 80));
  }

  /** @param {"right" | "bottom"} dock */
  dock(dock) {
    this.keep({ dock, size: 0 });
    this.place();
  }

  /** Takes its place, and has the app make room for it. */
  place() {
    const { host } = this;
    if (!host) return;
    const isRight = this.where() === "right";
    const size = this.size();
    const place = {
      all: "initial", display: "block", position: "fixed", "z-index": "2147483646", right: "0", bottom: "0",
      top: isRight ? "0" : "auto", left: isRight ? "auto" : "0",
      width: isRight ? `${size}px` : "auto", height: isRight ? "auto" : `${size}px`,
    };
    for (const [name, value] of Object.entries(place)) host.style.setProperty(name, value, "important");
    this.frame.className = `frame ${isRight ? "right" : "bottom"}`;
    this.grip.setAttribute("aria-orientation", isRight ? "vertical" : "horizontal");
    this.grip.setAttribute("aria-valuenow", String(size));
    this.grip.setAttribute("aria-valuemax", String((isRight ? innerWidth : innerHeight) - 80));
    const name = isRight ? "Dock at the bottom" : "Dock at the right";
    this.side.replaceChildren(icon(isRight ? ICONS.bottom : ICONS.right));
    this.side.setAttribute("aria-label", name);
    this.side.title = name;
    this.side.hidden = innerWidth < NARROW_PX;
    this.room.take(isRight, size);
    this.tint();
  }

  tint() {
    this.frame.classList.toggle("dark", isDarkHere());
  }

  /** @param {PointerEvent} event */
  grab(event) {
    const { grip } = this;
    grip.setPointerCapture(event.pointerId);
    const isRight = this.where() === "right";
    const move = guarded((/** @type {PointerEvent} */ to) => {
      this.kept.size = Math.max(LEAST_PX / 2, isRight ? innerWidth - to.clientX : innerHeight - to.clientY);
      this.place();
    });
    grip.addEventListener("pointermove", move);
    grip.addEventListener(
      "lostpointercapture",
      guarded(() => {
        grip.removeEventListener("pointermove", move);
        this.keep({});
      }),
      { once: true },
    );
    event.preventDefault();
  }

  /** @param {Partial<Kept_>} change */
  keep(change) {
    Object.assign(this.kept, change);
    try {
      sessionStorage.setItem(PANEL_KEPT, natives.stringify(this.kept));
    } catch {
      // A page without storage opens the panel anew.
    }
  }
}

/** @returns {Kept_} */
function recallPanel() {
  /** @type {Kept_} */
  const kept = { isOpen: false, dock: "", size: 0, target: "" };
  try {
    const said = natives.parse(sessionStorage.getItem(PANEL_KEPT) ?? "{}");
    if (said.isOpen === true) kept.isOpen = true;
    if (said.dock === "right" || said.dock === "bottom") kept.dock = said.dock;
    if (Number.isFinite(said.size)) kept.size = said.size;
    if (typeof said.target === "string") kept.target = said.target;
  } catch {
    // No storage, or something in it that is not ours.
  }
  return kept;
}
