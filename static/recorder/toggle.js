/**
 * The button: last in the app's own footer and dressed as its neighbours are; where there is no footer to be seen, in a
 * small one of our own that floats over the page and moves nothing.
 */
import { ICONS, iconButton } from "../panel/elements.js";
import { guarded, listen, natives } from "./natives.js";
import { isDarkHere, kindHere } from "./kinds.js";

const BUTTON = "API Recorder";
/** How long an app may take to show a footer before ours is shown. */
const FOOTER_MS = 1500;
/** How long a server-rendered app may take to come alive before its footer is touched all the same. */
const ALIVE_MS = 8000;
/** So often in so long may an app undo our place before it is left to it. */
const RETURNS = 20;
const RETURNS_MS = 10_000;
/** How often a button in its place is asked whether that can still be seen. */
const RECHECK_MS = 1000;
const SAVED_MS = 8000;
const RED = "#ef4444";
/** How often it is checked that the floating button covers no control of the app. */
const CLEAR_MS = 300;
/**
 * Where the floating button can be, in order of preference.
 * @type {Record<string, string>[]}
 */
const CORNERS = [
  { right: "12px", bottom: "12px" },
  { left: "12px", bottom: "12px" },
  { right: "12px", top: "12px" },
  { left: "12px", top: "12px" },
  { left: "calc(50vw - 70px)", bottom: "12px" },
  { left: "calc(50vw - 70px)", top: "12px" },
  { right: "12px", top: "calc(50vh - 16px)" },
  { left: "12px", top: "calc(50vh - 16px)" },
];
/** What a person uses, or what is moved by the pointer. */
const APP_CONTROLS =
  "a[href],button,input,select,textarea,summary,label,option,iframe,canvas,video,[onclick],[tabindex],[contenteditable],[draggable=true]," +
  "[role=button],[role=link],[role=tab],[role=menuitem],[role=option],[role=checkbox],[role=radio],[role=switch],[role=slider],[role=combobox],[role=textbox],[role=gridcell],[role=row]";

export class Toggle {
  /**
   * @param {(on: boolean) => boolean} press whether it was taken
   * @param {() => void} look the person wants to see the calls, or no more
   */
  constructor(press, look) {
    this.press = press;
    this.onLook = look;
    /** @type {import("./words.js").State} */
    this.state = { t: "state" };
    this.isPending = false;
    this.refusal = "";
    this.hasState = false;
    this.shownSaved = "";

    this.button = document.createElement("button");
    this.label = document.createElement("span");
    this.dot = document.createElement("span");
    this.detail = document.createElement("span");
    this.status = document.createElement("span");
    this.divider = document.createElement("span");
    this.opener = iconButton(ICONS.right, "Recorded calls", () => this.onLook(), { "aria-expanded": "false" });
    /** What goes into the footer, as one. */
    this.place = document.createElement("span");
    /** @type {HTMLElement | null} */
    this.floating = null;
    /** @type {Animation | null} */
    this.pulse = null;
    this.resizes = new ResizeObserver(guarded(() => this.divide()));
    /** @type {number[]} */
    this.returns = [];
    this.lookedAt = 0;
    this.isLooking = false;
    this.isWatching = false;
    /** Which of `CORNERS` the floating button is in. */
    this.corner = 0;
    this.isReady = false;
    this.hasWaited = false;
    this.build();
  }

  build() {
    const { button, label, dot, detail, status, divider, place } = this;
    place.setAttribute("data-api-recorder", "");
    divider.textContent = "·";
    divider.setAttribute("aria-hidden", "true");
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    label.textContent = BUTTON;
    status.setAttribute("role", "status");
    status.setAttribute("aria-live", "polite");
    style(place, { display: "inline-flex", "align-items": "center", "min-width": "0", "white-space": "nowrap" });
    style(button, {
      all: "unset", display: "inline-flex", "align-items": "center", "min-width": "0", cursor: "pointer", color: "inherit",
      font: "inherit", "white-space": "nowrap",
    });
    style(label, { "flex-shrink": "0" });
    style(dot, {
      "box-sizing": "border-box", width: "10px", height: "10px", "margin-inline": "6px 1px", "flex-shrink": "0",
      "border-radius": "50%", border: "1.5px solid currentColor", opacity: "0.8",
    });
    style(detail, { "margin-inline-start": "0.3em", overflow: "hidden", "text-overflow": "ellipsis", "max-width": "12em" });
    style(status, { position: "absolute", width: "1px", height: "1px", overflow: "hidden", "clip-path": "inset(50%)" });
    button.append(label, dot, detail);
    style(this.opener, {
      all: "unset", display: "none", "align-items": "center", "margin-inline-start": "4px", padding: "2px", cursor: "pointer", color: "inherit",
    });
    place.append(divider, button, this.opener, status);
    listen(button, "click", (event) => event.isTrusted && this.pressed());
    for (const each of [button, this.opener]) {
      listen(each, "pointerenter", () => style(each, { color: "var(--body-text-color, inherit)" }));
      listen(each, "pointerleave", () => style(each, { color: "inherit" }));
      // `all: unset` took the browser's own ring away with the rest.
      listen(each, "focus", () => {
        if (each.matches(":focus-visible")) style(each, { outline: "2px solid currentColor", "outline-offset": "2px", "border-radius": "2px" });
      });
      listen(each, "blur", () => style(each, { outline: "none" }));
    }
    this.draw();
  }

  /** Waits for the app to be there, and keeps the button in its place from then on. */
  start() {
    const begin = guarded(() => {
      new natives.MutationObserver(() => this.lookSoon()).observe(document, { childList: true, subtree: true });
      natives.setTimeout(guarded(() => ((this.hasWaited = true), this.look())), FOOTER_MS);
      const waits = natives.now();
      const settle = guarded(() => {
        if (isComingAlive() && natives.now() - waits < ALIVE_MS) {
          natives.setTimeout(settle, 50);
          return;
        }
        // What the framework has still to do for its first picture comes before us.
        natives.requestAnimationFrame(() => natives.requestAnimationFrame(guarded(() => ((this.isReady = true), this.look()))));
      });
      if (document.readyState === "complete") settle();
      else listen(window, "load", () => natives.setTimeout(settle, 0));
    });
    if (document.readyState === "loading") listen(document, "DOMContentLoaded", begin);
    else begin();
  }

  /** @param {Node} node */
  contains(node) {
    return this.place.contains(node) || (this.floating?.contains(node) ?? false);
  }

  lookSoon() {
    if (this.isLooking) return;
    this.isLooking = true;
    natives.setTimeout(
      guarded(() => {
        this.isLooking = false;
        this.look();
      }),
      60,
    );
  }

  /** Sees to it that the button is where it belongs. */
  look() {
    if (!this.isReady && !this.hasWaited) return;
    const now = natives.now();
    // Looking for a footer makes the browser lay the page out: not at every change of a page that changes all the time.
    const isInPlace = this.place.isConnected && !this.floating && this.place.parentElement?.lastElementChild === this.place;
    if (isInPlace && now - this.lookedAt < RECHECK_MS) return;
    this.lookedAt = now;
    const footer = this.isReady ? findFooter() : null;
    if (!footer) {
      if (this.hasWaited && (this.isReady || !document.querySelector("footer"))) this.float();
      return;
    }
    if (footer.lastElementChild === this.place) return;
    this.returns = this.returns.filter((at) => now - at < RETURNS_MS);
    if (this.returns.length >= RETURNS) {
      // The app does not want it there.
      if (!this.place.isConnected) this.float();
      return;
    }
    this.returns.push(now);
    this.move(footer);
    this.dress(footer);
    this.floating?.remove();
    this.floating = null;
  }

  /** @param {Node} parent */
  move(parent) {
    const root = /** @type {Document | ShadowRoot} */ (this.button.getRootNode());
    const isFocused = this.place.isConnected && root.activeElement === this.button;
    parent.appendChild(this.place);
    if (isFocused) this.button.focus({ preventScroll: true });
    this.animate();
  }

  /**
   * Takes on the looks of the footer's own buttons.
   * @param {HTMLElement} footer
   */
  dress(footer) {
    const items = [...footer.children].filter((each) => each !== this.place);
    const model = items.filter((each) => each.matches("button, a[href]") && isShown(each)).at(-1);
    const divider = items.find((each) => each.textContent?.trim() === "·" && isShown(each));
    this.place.className = model ? [...model.classList].filter((name) => name.startsWith("svelte-")).join(" ") : "";
    style(this.divider, { display: divider ? "inline" : "none" });
    if (divider) {
      const own = getComputedStyle(divider);
      const next = divider.nextElementSibling;
      const behind = own.marginRight !== "0px" || !next ? own.marginRight : getComputedStyle(next).marginLeft;
      const gap = parseFloat(getComputedStyle(this.place).marginLeft) ? "0px" : own.marginLeft;
      style(this.divider, { "margin-left": gap, "margin-right": behind });
    }
    style(this.place, { "margin-inline-start": items.length && !divider ? "0.75em" : "" });
    const looks = model ? getComputedStyle(model) : null;
    if (looks) style(this.place, { "font-size": looks.fontSize, "line-height": looks.lineHeight });
    const own = getComputedStyle(footer);
    // Without room for one more, ours goes to a line of its own rather than squeezing the others.
    if (own.display.includes("flex") && own.flexWrap === "nowrap") footer.style.setProperty("flex-wrap", "wrap");
    this.resizes.disconnect();
    this.resizes.observe(footer);
    this.resizes.observe(this.place);
  }

  /** A divider divides only what stands in one line. */
  divide() {
    const before = this.place.previousElementSibling;
    const isAlone = !before || this.place.getBoundingClientRect().top >= before.getBoundingClientRect().bottom;
    style(this.divider, { visibility: isAlone ? "hidden" : "visible" });
  }

  float() {
    if (this.floating?.isConnected) {
      this.tint();
      this.keepClear();
      return;
    }
    const host = this.floating ?? document.createElement("div");
    if (!this.floating) {
      this.floating = host;
      host.setAttribute("data-api-recorder", "");
      style(host, {
        all: "initial", position: "fixed", right: "12px", bottom: "12px", "z-index": "2147483647", "max-width": "calc(100vw - 24px)",
      });
      const footer = document.createElement("footer");
      footer.setAttribute("aria-label", BUTTON);
      host.attachShadow({ mode: "open" }).append(footer);
    }
    this.place.className = "";
    style(this.divider, { display: "none" });
    style(this.place, { "margin-inline-start": "", "font-size": "", "line-height": "" });
    this.tint();
    document.documentElement.append(host);
    const footer = host.shadowRoot?.querySelector("footer");
    if (footer) this.move(footer);
    this.keepClear();
    if (this.isWatching) return;
    this.isWatching = true;
    const watch = guarded(() => {
      this.keepClear();
      natives.setTimeout(watch, CLEAR_MS);
    });
    natives.setTimeout(watch, CLEAR_MS);
  }

  /** Moves the floating button away from controls of the app: to the first place that covers none. */
  keepClear() {
    const host = this.floating;
    if (!host?.isConnected || host.contains(document.activeElement)) return;
    const put = (/** @type {Record<string, string>} */ place) => style(host, { top: "auto", bottom: "auto", left: "auto", right: "auto", ...place });
    const covers = (/** @type {Record<string, string>} */ place) => {
      put(place);
      return coversControl(host);
    };
    const current = this.corner;
    if (!covers(CORNERS[current] ?? {})) return;
    const free = CORNERS.findIndex((place) => !covers(place));
    this.corner = free < 0 ? current : free;
    put(CORNERS[this.corner] ?? {});
  }

  /** Light or dark, as the app is. */
  tint() {
    const footer = this.floating?.shadowRoot?.querySelector("footer");
    if (!footer) return;
    const isDark = isDarkHere();
    style(footer, {
      display: "flex", padding: "6px 12px", "border-radius": "999px", font: "13px/1.4 system-ui, sans-serif", "box-sizing": "border-box",
      "max-width": "100%", overflow: "hidden", "color-scheme": isDark ? "dark" : "light",
      color: isDark ? "#d4d4d8" : "#52525b", background: isDark ? "#27272a" : "#ffffff",
      border: `1px solid ${isDark ? "#3f3f46" : "#e4e4e7"}`, "box-shadow": "0 1px 4px rgb(0 0 0 / 0.15)",
    });
  }

  /**
   * The panel was opened or closed.
   * @param {boolean} isOpen
   */
  opened(isOpen) {
    set(this.opener, "aria-expanded", String(isOpen));
  }

  pressed() {
    if (this.refusal || this.state.saving || this.isPending) return;
    this.isPending = this.press(!this.state.recording);
    this.draw();
  }

  /**
   * @param {import("./words.js").State} state
   * @param {boolean} isPressLost
   */
  show(state, isPressLost) {
    const isAnswer = Boolean(state.recording) !== Boolean(this.state.recording) || state.saving || state.error;
    if (isAnswer || isPressLost) this.isPending = false;
    if (this.hasState && state.saved && state.saved !== this.state.saved) this.sayPath(state.saved);
    if (state.recording) this.shownSaved = "";
    this.state = state;
    this.hasState = true;
    this.draw();
  }

  /** @param {string} why */
  refuse(why) {
    this.refusal = why;
    this.state = { t: "state" };
    this.draw();
  }

  /** @param {string} path */
  sayPath(path) {
    const said = `saved ${path.split(/[/\\]/).at(-1)}`;
    this.shownSaved = said;
    this.status.textContent = `S${said.slice(1)}`;
    natives.setTimeout(
      guarded(() => {
        if (this.shownSaved !== said) return;
        this.shownSaved = "";
        this.draw();
      }),
      SAVED_MS,
    );
  }

  draw() {
    const { recording = false, saving = false, calls = 0, last = "", saved = "", error = "" } = this.state;
    const trouble = this.refusal || error;
    const doing = saving ? "saving…" : this.isPending ? (recording ? "stopping…" : "starting…") : "";
    // Neither name nor text says what was called: that could be what a button of the app says.
    const count = `${calls}`;
    const said = recording ? `recording, ${calls} ${calls === 1 ? "call" : "calls"}` : "";
    const about = [trouble, doing, said, this.shownSaved].filter(Boolean).join("; ");
    const name = about ? `${BUTTON}: ${about}` : BUTTON;
    const title = trouble || doing || (recording ? "Stop and save the session" : saved ? `Saved ${saved}` : "Record what you do here as a program");
    set(this.button, "aria-label", name);
    set(this.button, "title", title);
    set(this.button, "aria-description", recording && last ? `Last call: ${last}` : null);
    set(this.button, "aria-pressed", String(recording));
    set(this.button, "aria-disabled", this.refusal ? "true" : null);
    const shown = this.refusal ? "not recording" : error ? "problem" : doing || (recording ? count : this.shownSaved && "saved");
    if (this.detail.textContent !== shown) this.detail.textContent = shown;
    style(this.detail, { display: shown ? "inline-block" : "none" });
    style(this.opener, { display: this.state.panel ? "inline-flex" : "none" });
    style(this.dot, {
      background: recording ? RED : "transparent",
      "border-color": trouble ? "#f59e0b" : recording ? RED : "currentColor",
      opacity: recording || trouble ? "1" : "0.8",
    });
    if (trouble && this.status.textContent !== trouble) this.status.textContent = trouble;
    this.animate();
  }

  animate() {
    const isWanted = Boolean(this.state.recording) && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (isWanted && this.dot.isConnected && this.pulse?.playState !== "running") {
      this.pulse = this.dot.animate([{ opacity: 1 }, { opacity: 0.35 }, { opacity: 1 }], { duration: 2000, iterations: Infinity });
    } else if (!isWanted) {
      this.pulse?.cancel();
      this.pulse = null;
    }
  }
}

/**
 * Whether something that a person uses lies under an element of ours.
 * @param {HTMLElement} host
 */
function coversControl(host) {
  const { left, top, right, bottom } = host.getBoundingClientRect();
  for (const share of [0.02, 0.25, 0.5, 0.75, 0.98]) {
    for (const y of [top + 1, (top + bottom) / 2, bottom - 1]) {
      const under = document.elementsFromPoint(left + (right - left) * share, y).find((each) => each !== host);
      const control = under?.closest(APP_CONTROLS);
      if (control && control !== document.body && control !== document.documentElement) return true;
      if (under && getComputedStyle(under).cursor === "pointer") return true;
    }
  }
  return false;
}

/**
 * Sets styles one by one, which no policy against inline styles forbids.
 * @param {HTMLElement} element
 * @param {Record<string, string>} properties
 */
function style(element, properties) {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value, value ? "important" : "");
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 */
function set(element, name, value) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/** @param {Element} element */
function isShown(element) {
  return element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible";
}

/**
 * Whether a page that a server has rendered still waits for its script, which must find the markup as the server made it.
 */
function isComingAlive() {
  if (kindHere().isReady()) return false;
  return document.querySelector("[data-sveltekit-preload-data], script[src*='/_app/immutable/'], link[href*='/_app/immutable/']") !== null;
}

/**
 * The footer of the app itself, not that of an article or a dialog in it.
 * @returns {HTMLElement | null}
 */
function findFooter() {
  /** @type {HTMLElement[]} */
  const footers = [...document.querySelectorAll("footer")];
  for (const app of document.querySelectorAll("gradio-app")) {
    if (app.shadowRoot) footers.push(...app.shadowRoot.querySelectorAll("footer"));
  }
  const shown = footers.filter((each) => isShown(each) && !each.closest("article, section, aside, dialog, [role=dialog], blockquote"));
  return shown.find((each) => each.querySelector(".show-api, .built-with, .settings")) ?? shown.at(-1) ?? null;
}
