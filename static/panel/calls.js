/**
 * The list of calls: one row each, with what went in and what came out, and lines beside them from an output to where it
 * went in again.
 */
import { guarded, listen, natives } from "../recorder/natives.js";
import { Blocks } from "./blocks.js";
import { ICONS, icon, iconButton, make } from "./elements.js";
import { fileIn, inShort, shownValue, thumbnail } from "./values.js";

/** Rows that are made at once; the others follow, a frame each time. */
const ROWS_AT_ONCE = 60;
/** Lines side by side; further ones share the last. */
const MOST_LANES = 5;
const LANE_PX = 7;
const ROW_PX = 76;

/**
 * @typedef {import("../recorder/words.js").ShownCall} ShownCall
 * @typedef {{source: number, target: number}} Wire_ from one row to another
 *
 * @typedef {object} Desk what a row asks for
 * @property {(message: import("../recorder/words.js").FromPanel) => void} ask
 * @property {import("./values.js").Reads} read
 */

export class Calls {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.list = make("div", { class: "calls" });
    this.blocks = new Blocks(this.list, () => make("ol", { class: "block", "aria-label": "Recorded calls" }), ROW_PX);
    this.empty = make("p", { class: "empty" }, "Use the app: every call appears here as it happens.");
    this.omitted = make("details", { class: "omitted", hidden: true });
    this.element = make("div", { class: "pane list" }, this.empty, this.list, this.omitted);
    /** @type {Row[]} */
    this.rows = [];
    /** @type {ShownCall[]} */
    this.calls = [];
    this.isDrawing = false;
    this.isLive = false;
    listen(this.element, "keydown", (event) => this.key(event));
  }

  /** @param {import("../recorder/words.js").View} view */
  show(view) {
    const isAtEnd = this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < 40;
    this.isLive = Boolean(view.live);
    for (const [place, call] of view.calls ?? []) this.calls[place] = call;
    this.calls.length = view.length ?? 0;
    this.empty.hidden = this.calls.length > 0;
    const omitted = view.omitted ?? [];
    this.omitted.hidden = omitted.length === 0;
    const isOpen = this.omitted.open;
    this.omitted.replaceChildren(
      make("summary", {}, `${omitted.length} more ${omitted.length === 1 ? "was" : "were"} left out`),
      make("ul", {}, ...omitted.map(([id, endpoint, why]) => make("li", {}, make("code", {}, endpoint), ` ${id}: ${why}`))),
    );
    this.omitted.open = isOpen;
    this.draw(isAtEnd);
  }

  /**
   * Brings the rows in line with the calls.
   * @param {boolean} isAtEnd whether the last row is to be kept in sight
   */
  draw(isAtEnd) {
    const there = new Map(this.rows.map((row) => [row.call.id, row]));
    const wanted = new Set(this.calls.map((call) => call?.id));
    // First of all, for what is moved loses the focus.
    for (const [id, row] of there) if (!wanted.has(id)) this.blocks.splice(this.blocks.elements.indexOf(row.element), 1);
    /** @type {Row[]} */
    const rows = [];
    let made = 0;
    for (const call of this.calls) {
      if (!call) break;
      let row = there.get(call.id);
      if (row) {
        if (row.call !== call || row.isLive !== this.isLive) row.show(call, this.isLive);
      } else if (made++ === ROWS_AT_ONCE) {
        break;
      } else {
        row = new Row(this.desk, call, this.isLive);
      }
      const { elements } = this.blocks;
      if (elements[rows.length] !== row.element) {
        const place = elements.indexOf(row.element, rows.length);
        if (place >= 0) this.blocks.splice(place, 1);
        this.blocks.splice(rows.length, 0, [row.element]);
      }
      rows.push(row);
    }
    this.rows = rows;
    if (rows.length === this.calls.length) this.wire();
    if (isAtEnd) this.element.scrollTop = this.element.scrollHeight;
    if (rows.length < this.calls.length && !this.isDrawing) {
      this.isDrawing = true;
      natives.requestAnimationFrame(
        guarded(() => {
          this.isDrawing = false;
          this.draw(isAtEnd);
        }),
      );
    }
  }

  /** Draws the lines beside the rows. */
  wire() {
    const lanes = lanesOf(this.calls);
    const width = Math.max(0, ...lanes.map((lane) => lane.lane + 1)) * LANE_PX;
    this.list.style.setProperty("--lanes", `${width + (width ? 6 : 0)}px`);
    /** @type {Map<number, {lane: number, part: string, from: number}[]>} */
    const parts = new Map();
    for (const { source, target, lane } of lanes) {
      for (let place = source; place <= target; place++) {
        const part = place === source ? "starts" : place === target ? "ends" : "passes";
        const there = parts.get(place) ?? [];
        there.push({ lane, part, from: source });
        parts.set(place, there);
      }
    }
    this.rows.forEach((row, place) => row.wire(parts.get(place) ?? []));
  }

  /** @param {import("../recorder/words.js").Came} came */
  came(came) {
    this.rows.find((row) => row.call.id === came.call)?.came(came);
  }

  /** A replay begins: what came of the one before goes. */
  clearReplay() {
    for (const row of this.rows) row.came(null);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const from = event.target instanceof HTMLElement ? event.target : null;
    if (!from || from.closest("input, textarea, pre, audio, video")) return;
    const row = this.rows.find((each) => each.element.contains(from));
    if (!row) return;
    const place = this.rows.indexOf(row);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      this.rows[place + (event.key === "ArrowDown" ? 1 : -1)]?.opener.focus();
      event.preventDefault();
    } else if (event.key === "Delete" && !row.call.setup) {
      // Whoever deletes one after the other goes on with the next.
      (this.rows[place + 1] ?? this.rows[place - 1])?.opener.focus();
      this.desk.ask({ t: "edit", what: "delete", call: row.call.id });
    }
  }
}

/**
 * Every link as a line in a lane of its own for as long as it goes.
 * @param {ShownCall[]} calls
 */
export function lanesOf(calls) {
  const places = new Map(calls.map((call, place) => [call.id, place]));
  /** @type {Map<number, number>} */
  const furthest = new Map();
  calls.forEach((call, place) => {
    for (const { link } of call.inputs) {
      const source = link ? places.get(link.split(".")[0] ?? "") : undefined;
      if (source !== undefined && source < place) furthest.set(source, place);
    }
  });
  /** @type {number[]} */
  const taken = [];
  return [...furthest].map(([source, target]) => {
    let lane = taken.findIndex((until) => until <= source);
    if (lane < 0) lane = Math.min(taken.length, MOST_LANES - 1);
    taken[lane] = Math.max(taken[lane] ?? 0, target);
    return { source, target, lane };
  });
}

class Row {
  /**
   * @param {Desk} desk
   * @param {ShownCall} call
   * @param {boolean} isLive
   */
  constructor(desk, call, isLive) {
    this.desk = desk;
    this.call = call;
    this.isOpen = false;
    this.isLive = isLive;
    this.wired = "";
    this.lanes = make("span", { class: "lanes", "aria-hidden": "true" });
    this.name = make("code", { class: "endpoint" });
    this.id = make("span", { class: "soft" });
    this.opener = make("button", { type: "button", class: "opener", "aria-expanded": "false", onclick: () => this.open(!this.isOpen) }, this.name, this.id);
    this.state = make("span", { class: "state" });
    this.skip = iconButton(ICONS.skip, "Skip", () => desk.ask({ t: "edit", what: this.call.skip ? "keep" : "skip", call: this.call.id }));
    this.remove = iconButton(ICONS.remove, "Delete", () => desk.ask({ t: "edit", what: "delete", call: this.call.id }));
    this.again = iconButton(ICONS.replay, "Replay from here", () => desk.ask({ t: "again", on: true, call: this.call.id }));
    const acts = make("span", { class: "acts" }, this.again, this.skip, this.remove);
    const head = make("div", { class: "head" }, this.opener, this.state, acts);
    this.trigger = make("div", { class: "soft trigger" });
    this.brief = make("div", { class: "brief" });
    this.detail = make("div", { class: "detail", hidden: true });
    this.replayed = make("div", { class: "replayed", hidden: true });
    const body = make("div", { class: "body" }, head, this.trigger, this.brief, this.detail, this.replayed);
    this.element = make("li", {}, this.lanes, body);
    this.show(call, isLive);
  }

  /**
   * @param {ShownCall} call
   * @param {boolean} isLive
   */
  show(call, isLive) {
    this.call = call;
    this.isLive = isLive;
    this.name.textContent = call.endpoint;
    this.id.textContent = ` ${call.id}`;
    // What is made only because others need it is not the person's to skip.
    for (const button of [this.skip, this.remove, this.again]) button.hidden = call.setup;
    this.trigger.textContent = call.setup ? `set-up for the others · ${call.trigger}` : call.trigger;
    const isRunning = call.status === "unfinished" && isLive;
    const values = call.yields > 1 ? ` · ${call.yields} values` : "";
    const took = typeof call.duration === "number" ? lasting(call.duration) : "";
    const said = isRunning ? "running…" : call.status === "ok" ? took : [call.status, took].filter(Boolean).join(" · ");
    this.state.textContent = said + values;
    this.state.className = `state ${isRunning ? "running" : call.status}`;
    this.element.classList.toggle("skipped", call.skip || !call.step);
    this.element.setAttribute("aria-label", `${call.id} ${call.endpoint}${call.skip ? ", skipped" : ""}`);
    this.skip.setAttribute("aria-pressed", String(call.skip));
    for (const [button, name] of /** @type {[HTMLElement, string][]} */ ([[this.skip, "Skip"], [this.remove, "Delete"], [this.again, "Replay from"]])) {
      button.setAttribute("aria-label", `${name} ${call.id}`);
    }
    this.brief.replaceChildren(...this.shortly());
    if (this.isOpen) this.fill();
  }

  /** What went in and came out, in a line or two. */
  shortly() {
    const { call } = this;
    const given = call.inputs.filter((value) => !value.state && !value.unchanged);
    const came = call.outputs.filter((value) => !value.state && !value.unchanged);
    /** @type {(Node | string)[]} */
    const parts = [];
    for (const value of given) parts.push(make("span", { class: "in" }, `${value.name || "value"} `, this.glance(value)));
    if (came.length || call.error) parts.push(make("span", { class: "arrow", "aria-label": "gives" }, "→"));
    if (call.error) parts.push(make("span", { class: "wrong" }, call.error));
    for (const value of call.error ? [] : came) parts.push(make("span", { class: "out" }, this.glance(value)));
    return parts;
  }

  /** @param {import("../recorder/words.js").Shown} value */
  glance(value) {
    if (value.link) return make("span", { class: "chip link" }, `← ${value.link}`);
    if (value.secrets?.length) return make("span", { class: "chip secret" }, value.secrets.join(", "));
    const file = fileIn(value.value);
    return file ? thumbnail(file, this.desk.read) : make("span", { class: "value" }, inShort(value.value));
  }

  /** @param {boolean} isOpen */
  open(isOpen) {
    this.isOpen = isOpen;
    this.opener.setAttribute("aria-expanded", String(isOpen));
    this.detail.hidden = !isOpen;
    this.brief.hidden = isOpen;
    if (isOpen) this.fill();
    else this.detail.replaceChildren();
  }

  /** All that is known of the call. */
  fill() {
    const root = /** @type {ShadowRoot | Document} */ (this.element.getRootNode());
    const focused = root.activeElement instanceof HTMLElement && this.detail.contains(root.activeElement) ? root.activeElement : null;
    const key = focused?.dataset.key;
    const typed = focused instanceof HTMLInputElement ? [focused.value, focused.selectionStart, focused.selectionEnd] : null;
    const { call } = this;
    const given = call.inputs.map((value, place) => (value.state ? null : this.input(value, place)));
    const came = call.outputs.map((value) => (value.state ? null : this.output(value)));
    this.detail.replaceChildren(
      ...given.filter((each) => each !== null),
      ...(came.some(Boolean) ? [make("h3", {}, "Gives")] : []),
      ...came.filter((each) => each !== null),
      ...(call.error ? [make("p", { class: "wrong" }, call.error)] : []),
    );
    // What is being written must not go because the app made another call.
    const again = key ? /** @type {HTMLElement | null} */ (this.detail.querySelector(`[data-key="${CSS.escape(key)}"]`)) : null;
    again?.focus({ preventScroll: true });
    if (again instanceof HTMLInputElement && typed) {
      again.value = String(typed[0]);
      again.setSelectionRange(Number(typed[1]), Number(typed[2]));
    }
  }

  /**
   * @param {import("../recorder/words.js").Shown} value
   * @param {number} place
   */
  input(value, place) {
    const { call, desk } = this;
    const label = value.name || `input ${place + 1}`;
    /** @type {(Node | null)[]} */
    const tools = [];
    if (value.link) tools.push(make("span", { class: "chip link" }, `← ${value.link}`));
    for (const secret of value.secrets ?? []) tools.push(make("span", { class: "chip secret" }, icon(ICONS.secret), secret));
    if (!value.unchanged && !value.secrets?.length) {
      const field = make("input", {
        value: value.variable ?? "", placeholder: "no variable", size: 14, spellcheck: "false", autocomplete: "off",
        "aria-label": `Variable for ${label} of ${call.id}`, "data-key": `name-${place}`,
        onchange: () => desk.ask({ t: "edit", what: "rename", call: call.id, input: place, name: field.value.trim() }),
      });
      tools.push(make("label", { class: "variable" }, make("span", { class: "soft" }, "variable"), field));
      const isText = typeof value.value === "string" && value.value !== "";
      const hide = () => desk.ask({ t: "edit", what: "secret", call: call.id, input: place });
      if (isText) tools.push(iconButton(ICONS.secret, `Mark ${label} of ${call.id} as a secret`, hide, { "data-key": `secret-${place}` }));
    }
    const shown = value.unchanged ? make("span", { class: "soft" }, "unchanged") : shownValue(value.value, desk.read);
    return make("div", { class: "input" }, make("div", { class: "label" }, make("b", {}, label), ...tools), shown);
  }

  /** @param {import("../recorder/words.js").Shown} value */
  output(value) {
    const shown = value.unchanged ? make("span", { class: "soft" }, "unchanged") : shownValue(value.value, this.desk.read);
    return make("div", { class: "input" }, make("div", { class: "label" }, make("b", {}, value.name || "value")), shown);
  }

  /** @param {{lane: number, part: string, from: number}[]} parts */
  wire(parts) {
    const said = parts.map(({ lane, part }) => `${lane}${part}`).join();
    if (said === this.wired) return;
    this.wired = said;
    this.lanes.replaceChildren(
      ...parts.map(({ lane, part }) => {
        const line = make("span", { class: part });
        line.style.setProperty("left", `${lane * LANE_PX + 2}px`);
        return line;
      }),
    );
  }

  /** @param {import("../recorder/words.js").Came | null} came */
  came(came) {
    this.replayed.hidden = !came;
    this.element.classList.toggle("differs", Boolean(came?.over && !came.ok));
    if (!came) return this.replayed.replaceChildren();
    const verdict = came.over ? (came.ok ? "as recorded" : came.verdict) : came.yields ? `running, ${came.yields} values` : "running…";
    const mark = make("b", { class: came.over ? (came.ok ? "good" : "wrong") : "" }, `${came.over ? (came.ok ? "✓" : "✗") : "…"} Replay: ${verdict}`);
    const took = came.over ? make("span", { class: "soft" }, ` ${lasting((came.seconds ?? 0) * 1000)}`) : null;
    const outputs = (came.outputs ?? []).map((value) =>
      make("div", { class: "input" }, make("div", { class: "label soft" }, value.name || "value"), shownValue(value.value, this.desk.read)),
    );
    const sentences = (came.sentences ?? []).map((sentence) => make("p", { class: "wrong" }, sentence));
    // What came as it was recorded need not be looked at once more.
    const given = came.ok && outputs.length ? [make("details", {}, make("summary", {}, "What it gave"), ...outputs)] : outputs;
    this.replayed.replaceChildren(make("div", {}, mark, took), ...sentences, ...given);
  }
}

/** @param {number} milliseconds */
function lasting(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}
