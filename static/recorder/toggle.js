import { natives } from "./natives.js";

/** @typedef {import("./channel.js").State} State */

const MARK = "data-api-recorder";
const NO_FOOTER_MS = 1500;

/** The button in the app's footer, or in a small footer of our own where the app has none. */
export class Toggle {
  /** @param {(on: boolean) => void} onPress */
  constructor(onPress) {
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.setAttribute(MARK, "toggle");
    this.dot = document.createElement("span");
    this.dot.setAttribute("aria-hidden", "true");
    this.label = document.createElement("span");
    this.label.setAttribute("aria-hidden", "true");
    this.button.append(this.dot, this.label);
    this.status = document.createElement("span");
    this.status.setAttribute(MARK, "status");
    this.status.setAttribute("role", "status");
    this.group = document.createElement("span");
    this.group.setAttribute(MARK, "group");
    this.group.append(this.button, this.status);
    /** @type {HTMLElement | null} */
    this.floating = null;
    this.recording = false;
    this.busy = false;
    this.button.addEventListener("click", (event) => {
      event.stopPropagation();
      if (this.busy) return;
      this.busy = true;
      onPress(!this.recording);
    });
    this.style();
    this.show({ recording: false, saving: false, session: 0, calls: 0, last: "", saved: "", error: "" });
    this.scheduled = false;
    this.ready = false;
    this.started = natives.now();
  }

  /** Begins to look for the footer, and keeps the button there through whatever the app's framework does. */
  mount() {
    const begin = () => {
      this.ready = true;
      this.place();
      const observer = new natives.MutationObserver(() => this.schedule());
      observer.observe(document.documentElement, { childList: true, subtree: true });
      natives.setTimeout(() => this.schedule(), NO_FOOTER_MS);
    };
    // A page rendered on the server must be hydrated before anything is added to it.
    const loaded = () => natives.setTimeout(begin, 100);
    if (document.readyState === "complete") loaded();
    else window.addEventListener("load", loaded, { once: true });
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    natives.setTimeout(() => {
      this.scheduled = false;
      this.place();
    }, 50);
  }

  place() {
    if (!this.ready) return;
    const footer = findFooter();
    if (footer) {
      this.floating?.remove();
      this.floating = null;
      if (this.group.parentElement !== footer) {
        this.dress(footer);
        footer.append(this.group);
      }
    } else if (natives.now() - this.started > NO_FOOTER_MS && !this.floating?.isConnected) this.float();
  }

  /** @param {Element} footer */
  dress(footer) {
    for (const old of this.group.querySelectorAll(`[${MARK}=divider]`)) old.remove();
    const neighbours = Array.from(footer.children).filter((child) => !child.hasAttribute(MARK));
    const divider = footer.querySelector(".divider")?.cloneNode(true) ?? null;
    if (divider instanceof HTMLElement && neighbours.length) {
      divider.setAttribute(MARK, "divider");
      divider.setAttribute("aria-hidden", "true");
      this.group.prepend(divider);
    }
    const model = neighbours.find((child) => child.localName === "button" || child.localName === "a");
    if (model) {
      const { fontSize, fontFamily, fontWeight, lineHeight } = getComputedStyle(model);
      Object.assign(this.button.style, { fontSize, fontFamily, fontWeight, lineHeight });
      const margin = getComputedStyle(model).marginRight;
      this.button.style.marginLeft = neighbours.length && !divider ? margin || "0.5em" : "0";
    }
  }

  /** A small footer of our own, which covers as little as it can. */
  float() {
    this.floating = document.createElement("div");
    this.floating.setAttribute(MARK, "footer");
    const root = this.floating.attachShadow({ mode: "open" });
    const footer = document.createElement("footer");
    const dark = document.body.classList.contains("dark") || matchMedia("(prefers-color-scheme: dark)").matches;
    Object.assign(footer.style, {
      position: "fixed",
      right: "12px",
      bottom: "12px",
      zIndex: "2147483000",
      padding: "4px 10px",
      borderRadius: "8px",
      font: "13px/1.5 system-ui, sans-serif",
      color: dark ? "#e5e7eb" : "#374151",
      background: dark ? "#1f2937" : "#ffffff",
      boxShadow: "0 1px 4px rgba(0, 0, 0, .3)",
    });
    this.button.style.color = "inherit";
    this.button.style.font = "inherit";
    footer.append(this.group);
    root.append(footer);
    document.documentElement.append(this.floating);
  }

  style() {
    // Set through the object model, which no Content-Security-Policy forbids.
    Object.assign(this.group.style, { display: "inline-flex", alignItems: "center" });
    Object.assign(this.button.style, {
      display: "inline-flex",
      alignItems: "center",
      gap: "0.35em",
      padding: "0",
      border: "0",
      background: "none",
      color: "inherit",
      cursor: "pointer",
      whiteSpace: "nowrap",
    });
    Object.assign(this.dot.style, {
      display: "inline-block",
      width: "0.6em",
      height: "0.6em",
      borderRadius: "50%",
      border: "1px solid currentColor",
      boxSizing: "border-box",
    });
    Object.assign(this.label.style, { maxWidth: "22em", overflow: "hidden", textOverflow: "ellipsis" });
    Object.assign(this.status.style, {
      position: "absolute",
      width: "1px",
      height: "1px",
      overflow: "hidden",
      clipPath: "inset(50%)",
      whiteSpace: "nowrap",
    });
    this.button.addEventListener("pointerenter", () => (this.button.style.textDecoration = "underline"));
    this.button.addEventListener("pointerleave", () => (this.button.style.textDecoration = "none"));
  }

  /** @param {State} state */
  show(state) {
    const was = this.recording;
    this.recording = state.recording;
    this.busy = state.saving;
    this.button.setAttribute("aria-pressed", String(state.recording));
    this.button.setAttribute("aria-busy", String(state.saving));
    const counted = `${state.calls} ${state.calls === 1 ? "call" : "calls"}`;
    let text = "API Recorder";
    let name = "API Recorder";
    if (state.error) {
      text += ": problem";
      name += `, ${state.error}`;
    } else if (state.saving) {
      text += ": saving…";
      name += ", saving";
    } else if (state.recording) {
      text += state.calls ? `: ${state.calls} · ${state.last}` : ": recording";
      name += `, recording, ${counted}${state.last ? `, last ${state.last}` : ""}`;
    } else if (state.saved) name += `, saved ${state.saved}`;
    this.label.textContent = text;
    this.button.setAttribute("aria-label", name);
    this.button.title = state.error || (state.recording ? "Stop and save the session" : state.saved ? `Saved ${state.saved}` : "Record what you do as a script");
    Object.assign(this.dot.style, {
      background: state.error ? "#d97706" : state.recording ? "#dc2626" : "transparent",
      borderColor: state.error ? "#d97706" : state.recording ? "#dc2626" : "currentColor",
    });
    if (was && !state.recording && state.saved) this.status.textContent = `Saved ${state.saved}`;
    else if (!was && state.recording) this.status.textContent = "Recording";
    else if (state.error) this.status.textContent = state.error;
  }
}

/** @returns {Element | null} */
function findFooter() {
  const candidates = [document.querySelector("gradio-app footer"), document.querySelector("footer")];
  for (const embed of document.querySelectorAll("gradio-app")) candidates.push(embed.shadowRoot?.querySelector("footer") ?? null);
  return candidates.find((footer) => footer && !footer.closest(`[${MARK}]`)) ?? null;
}
