import { natives } from "./natives.js";

/** @typedef {(type: string, fields: Record<string, unknown>) => void} Report */

/** A request counts as caused by the latest act within this time. */
const CAUSED_MS = 2000;
const KINDS = ["click", "change", "input", "submit", "keydown", "drop"];
const KEYS = new Set(["Enter", "Tab", "Escape", " ", "Delete", "Backspace"]);

/** @type {{id: string, at: number, target: EventTarget | null, kind: string} | null} */
let latest = null;
let acts = 0;

/**
 * The act that a request leaving now can have come from.
 * @returns {string | undefined}
 */
export function currentAct() {
  return latest && natives.now() - latest.at < CAUSED_MS ? latest.id : undefined;
}

/**
 * Reports what the person does.
 * @param {Report} report
 * @returns {() => void} stops
 */
export function watchActs(report) {
  /** @param {Event} event */
  const onEvent = (event) => {
    if (!event.isTrusted) return;
    if (event instanceof KeyboardEvent && !KEYS.has(event.key)) return;
    const target = event.composedPath()[0];
    if (!(target instanceof Element) || target.closest("[data-api-recorder]")) return;
    const control = controlOf(target);
    const at = natives.now();
    if (latest && latest.target === control && at - latest.at < 1000 && event.type !== "click" && event.type === latest.kind) {
      latest.at = at; // one burst of typing is one act
      return;
    }
    const id = `a${++acts}`;
    latest = { id, at, target: control, kind: event.type };
    const kind = event.type === "keydown" ? "key" : event.type;
    report("act", { id, kind, role: roleOf(control), name: nameOf(control), locator: locatorOf(control), at });
  };
  for (const kind of KINDS) window.addEventListener(kind, onEvent, { capture: true, passive: true });
  return () => {
    for (const kind of KINDS) window.removeEventListener(kind, onEvent, { capture: true });
  };
}

/**
 * The control that an event inside it belongs to.
 * @param {Element} element
 * @returns {Element}
 */
function controlOf(element) {
  const control = "button,a[href],input,textarea,select,summary,label,[role=button],[role=tab],[role=option],[role=radio],";
  return element.closest(`${control}[role=checkbox],[role=menuitem],[role=switch],[contenteditable=true]`) ?? element;
}

/**
 * @param {Element} element
 * @returns {string}
 */
function roleOf(element) {
  const said = element.getAttribute("role");
  if (said) return said.slice(0, 40);
  const tag = element.localName;
  if (tag === "a") return "link";
  if (tag === "select") return "combobox";
  if (tag === "textarea") return "textbox";
  if (tag !== "input") return tag;
  const type = element.getAttribute("type") ?? "text";
  /** @type {Record<string, string>} */
  const roles = { checkbox: "checkbox", radio: "radio", range: "slider", number: "spinbutton", file: "file", search: "searchbox" };
  return roles[type] ?? (/button|submit|reset|image/.test(type) ? "button" : "textbox");
}

/**
 * @param {string | null | undefined} text
 * @returns {string}
 */
function trimmed(text) {
  return (text ?? "").replace(/\s+/g, " ").trim().slice(0, 120);
}

/**
 * An accessible name, near enough: what a person would call the control.
 * @param {Element} element
 * @returns {string}
 */
function nameOf(element) {
  const aria = trimmed(element.getAttribute("aria-label"));
  if (aria) return aria;
  const ids = element.getAttribute("aria-labelledby")?.split(/\s+/) ?? [];
  const labelled = trimmed(ids.map((id) => document.getElementById(id)?.textContent ?? "").join(" "));
  if (labelled) return labelled;
  const labels = /** @type {HTMLInputElement} */ (element).labels;
  const label = trimmed(labels?.[0]?.textContent);
  if (label) return label;
  const isField = /^(input|textarea|select)$/.test(element.localName);
  const text = isField ? "" : trimmed(/** @type {HTMLElement} */ (element).innerText ?? element.textContent);
  return text || trimmed(element.getAttribute("placeholder")) || trimmed(element.getAttribute("title")) || trimmed(element.getAttribute("alt"));
}

/**
 * A selector that should find the control again.
 * @param {Element} element
 * @returns {string}
 */
function locatorOf(element) {
  const test = element.getAttribute("data-testid");
  if (test) return `[data-testid=${natives.stringify(test.slice(0, 100))}]`;
  /** @type {string[]} */
  const path = [];
  for (let at = /** @type {Element | null} */ (element); at && path.length < 6; at = at.parentElement) {
    if (at.id && at.id.length < 60 && !/\d{4,}|[0-9a-f]{8,}/.test(at.id)) {
      path.unshift(`#${CSS.escape(at.id)}`);
      break;
    }
    const name = at.localName;
    const twins = Array.from(at.parentElement?.children ?? []).filter((twin) => twin.localName === name);
    path.unshift(twins.length > 1 ? `${name}:nth-of-type(${twins.indexOf(at) + 1})` : name);
  }
  return path.join(" > ");
}
