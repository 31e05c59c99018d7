/**
 * The script that grows as the person works: a tab for each target, its text in colours, and what can be had of it.
 */
import { guarded, listen, natives } from "../recorder/natives.js";
import { Blocks } from "./blocks.js";
import { ICONS, icon, iconButton, make } from "./elements.js";
import { blobOf, save } from "./values.js";

const COPIED_MS = 1500;
const LINE_PX = 18;
/** Lines that light up because they are new: of more at once nobody sees which. */
const MOST_FRESH = 40;
/** Lines that are made in one go, and how long a frame is taken up by them. */
const LINES_AT_ONCE = 100;
const DRAWING_MS = 8;

/** @typedef {{from: number, gone: number, lines: string[][], isFew: boolean, isSought: boolean}} Change */
/** @typedef {(message: import("../recorder/words.js").Take) => Promise<import("../recorder/words.js").Given>} Takes */

export class ScriptPane {
  /**
   * @param {Takes} take
   * @param {(target: string) => void} choose
   * @param {(sentence: string) => void} tell
   */
  constructor(take, choose, tell) {
    this.take = take;
    this.choose = choose;
    this.tell = tell;
    this.target = "";
    /** @type {string[]} */
    this.targets = [];
    this.tabs = make("div", { class: "tabs", role: "tablist", "aria-label": "Script" });
    this.code = make("code", {});
    this.lines = new Blocks(this.code, () => make("span", { class: "block" }), LINE_PX);
    /** @type {Change[]} */
    this.changes = [];
    this.isDrawing = false;
    this.pre = make("pre", { tabindex: 0, role: "tabpanel", id: "script", "aria-label": "Script" }, this.code);
    this.copyButton = iconButton(ICONS.copy, "Copy the script", () => void this.copy());
    const saves = /** @type {["script" | "session" | "zip", string][]} */ ([["script", "Script"], ["session", "Session"], ["zip", "Zip"]]);
    const buttons = saves.map(([what, name]) =>
      make("button", { type: "button", "aria-label": `Download ${name.toLowerCase()}`, onclick: () => void this.download(what) }, icon(ICONS.save), name),
    );
    this.bar = make("div", { class: "bar" }, this.copyButton, ...buttons);
    this.element = make("div", { class: "pane script" }, this.tabs, this.pre, this.bar);
    listen(this.tabs, "keydown", (event) => this.key(event));
  }

  /** @param {string[]} targets */
  offer(targets) {
    if (targets.join() === this.targets.join()) return;
    this.targets = targets;
    if (!targets.includes(this.target)) this.target = targets[0] ?? "";
    const tabs = targets.map((target) =>
      make("button", { type: "button", role: "tab", "aria-controls": "script", "data-target": target, onclick: () => this.select(target) }, target),
    );
    this.tabs.replaceChildren(...tabs);
    this.mark();
  }

  mark() {
    for (const tab of this.tabs.children) {
      const isChosen = tab instanceof HTMLElement && tab.dataset.target === this.target;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.setAttribute("tabindex", isChosen ? "0" : "-1");
    }
    this.pre.setAttribute("aria-label", `Script for ${this.target}`);
  }

  /** @param {string} target */
  select(target) {
    this.target = target;
    this.mark();
    this.choose(target);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const place = this.targets.indexOf(this.target);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !this.targets.length) return;
    const target = this.targets[(place + step + this.targets.length) % this.targets.length];
    if (target) this.select(target);
    /** @type {HTMLElement | null} */ (this.tabs.querySelector("[aria-selected=true]"))?.focus();
    event.preventDefault();
  }

  /** @param {import("../recorder/words.js").Script_} script */
  show(script) {
    if (script.target !== this.target && this.target) return;
    if (script.error) {
      this.clear();
      this.code.append(make("span", { class: "wrong" }, script.error));
      return;
    }
    if (script.anew) this.clear();
    // What changed first is brought into sight.
    let isFirst = !script.anew;
    for (const [from, gone, lines] of script.changes ?? []) {
      const isFew = !script.anew && lines.length <= MOST_FRESH;
      for (let done = 0; done === 0 || done < lines.length; done += LINES_AT_ONCE) {
        const part = lines.slice(done, done + LINES_AT_ONCE);
        const isSought = isFirst && part.length > 0 && done + LINES_AT_ONCE >= lines.length;
        this.changes.push({ from: from + done, gone: done ? 0 : gone, lines: part, isFew, isSought });
      }
      if (lines.length) isFirst = false;
    }
    if (!this.isDrawing) this.draw();
  }

  /** Makes the changes that are due: of a long script as many in each frame as do not hold up the app. */
  draw() {
    const began = natives.now();
    this.isDrawing = false;
    while (this.changes.length && natives.now() - began < DRAWING_MS) {
      const { from, gone, lines, isFew, isSought } = /** @type {Change} */ (this.changes.shift());
      const fresh = lines.map((tokens) => lineOf(tokens, isFew));
      this.lines.splice(from, gone, fresh);
      const last = fresh.at(-1);
      // Who reads is not to be led away.
      if (last && isSought && !this.pre.matches(":hover, :focus")) {
        const above = last.getBoundingClientRect().top - this.pre.getBoundingClientRect().top;
        this.pre.scrollTop += above - this.pre.clientHeight * 0.6;
      }
    }
    if (!this.changes.length) return;
    this.isDrawing = true;
    natives.requestAnimationFrame(guarded(() => this.draw()));
  }

  /** Knows nothing any more of what it showed. */
  clear() {
    this.changes = [];
    this.lines.clear();
  }

  async copy() {
    const given = await this.take({ t: "take", what: "script", target: this.target });
    if (given.error) return this.tell(given.error);
    try {
      await navigator.clipboard.writeText(await blobOf(given).text());
    } catch {
      return this.tell("The browser did not let the script be copied: download it.");
    }
    this.tell("Copied.");
    this.copyButton.classList.add("done");
    natives.setTimeout(() => this.copyButton.classList.remove("done"), COPIED_MS);
  }

  /** @param {"script" | "session" | "zip"} what */
  async download(what) {
    const given = await this.take({ t: "take", what, target: this.target });
    if (given.error) return this.tell(given.error);
    save(blobOf(given), given.name ?? what);
    this.tell(`Downloaded ${given.name}.`);
  }
}

/**
 * A line of a script.
 * @param {string[]} tokens
 * @param {boolean} isFresh
 */
function lineOf(tokens, isFresh) {
  const line = make("span", { class: isFresh ? "line fresh" : "line" });
  for (let place = 0; place + 1 < tokens.length; place += 2) {
    const [kind, text] = [tokens[place], tokens[place + 1] ?? ""];
    line.append(kind ? make("span", { class: kind }, text) : text);
  }
  return line;
}
