/**
 * What the person does: trusted events, and the control that each was on.
 */
import { listen, natives } from "./natives.js";

const NAME_LIMIT = 120;
/** How long after an act a request may still be its doing. */
const ACT_MS = 2000;
/** How far the pointer goes before it drags. */
const DRAG_PIXELS = 4;
const KEYS = new Set(["Enter", "Escape"]);
const CONTROLS =
  "button,a[href],input,select,textarea,summary,label,option,[contenteditable=''],[contenteditable=true],[role=button],[role=link],[role=tab],[role=menuitem],[role=option],[role=checkbox],[role=radio],[role=switch],[role=slider],[role=combobox],[role=textbox],[role=gridcell],td,tr";

/**
 * @typedef {object} Acts
 * @property {() => string | undefined} current the act that can have caused what happens now
 *
 * @typedef {object} Watch
 * @property {(act: import("./words.js").Act) => void} act
 * @property {(input: HTMLInputElement, isFinal: boolean) => void} password
 * @property {(element: Element) => boolean} isOurs
 */

/**
 * Listens for the acts of the person.
 * @param {Watch} watch
 * @returns {Acts}
 */
export function watchActs(watch) {
  let count = 0;
  let latest = "";
  let latestAt = -Infinity;
  let burst = "";
  /** @type {WeakRef<Element> | null} */
  let burstOn = null;
  /** @type {WeakSet<Element>} */
  const passwords = new WeakSet();

  /** @param {Event} event */
  const heard = (event) => {
    const [first] = event.composedPath();
    if (!(first instanceof Element) || watch.isOurs(first)) return;
    if (first instanceof HTMLInputElement && (first.type === "password" || passwords.has(first))) {
      // It stays one when the app lets it be shown.
      passwords.add(first);
      watch.password(first, event.type === "change" || event.type === "submit");
    }
    if (!event.isTrusted) return;
    if (event instanceof KeyboardEvent && !isCommand(event, first)) return;
    const element = first.closest(CONTROLS) ?? first;
    latestAt = natives.now();
    if (event instanceof KeyboardEvent && event.repeat) return;
    tell(event.type, element);
  };
  /**
   * @param {string} kind
   * @param {Element} element
   */
  const tell = (kind, element) => {
    if (kind === "input" && burst === kind && burstOn?.deref() === element) return;
    // The end of a burst of typing says nothing new.
    if (kind === "change" && burst === "input" && burstOn?.deref() === element) return;
    burst = kind;
    burstOn = new WeakRef(element);
    latest = `a${++count}`;
    watch.act({ t: "act", id: latest, kind, role: roleOf(element), name: nameOf(element), locator: locatorOf(element) });
  };
  for (const type of ["click", "change", "input", "submit", "keydown", "drop"]) {
    listen(window, type, heard, { capture: true, passive: true });
  }
  /** @type {{x: number, y: number, on: Element, isDragged: boolean} | null} what the pointer took hold of */
  let held = null;
  listen(window, "pointerdown", (/** @type {PointerEvent} */ event) => {
    const [first] = event.composedPath();
    const isTaken = event.isTrusted && first instanceof Element && !watch.isOurs(first);
    held = isTaken ? { x: event.clientX, y: event.clientY, on: first.closest(CONTROLS) ?? first, isDragged: false } : null;
  }, { capture: true, passive: true });
  listen(window, "pointermove", (/** @type {PointerEvent} */ event) => {
    if (!held || !event.buttons) return;
    if (held.isDragged) latestAt = natives.now();
    else if (Math.hypot(event.clientX - held.x, event.clientY - held.y) > DRAG_PIXELS) {
      held.isDragged = true;
      latestAt = natives.now();
      tell("drag", held.on);
    }
  }, { capture: true, passive: true });
  return { current: () => (natives.now() - latestAt <= ACT_MS && latest ? latest : undefined) };
}

/**
 * Whether a key is pressed to command the app rather than to write or to move on.
 * @param {KeyboardEvent} event
 * @param {Element} element
 */
function isCommand(event, element) {
  if (/^(?:Control|Meta|Alt|AltGraph|Shift|CapsLock|Tab)$/.test(event.key)) return false;
  if (KEYS.has(event.key)) return true;
  const isWritten = element instanceof HTMLElement && element.isContentEditable;
  const isField = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;
  if (!isWritten && !isField) return true;
  return event.ctrlKey || event.metaKey || /^(?:F\d{1,2}|Delete)$/.test(event.key);
}

/** @type {Record<string, string>} */
const ROLES = { BUTTON: "button", SUMMARY: "button", SELECT: "combobox", TEXTAREA: "textbox", OPTION: "option", IMG: "img", TD: "cell", TR: "row", FORM: "form", LABEL: "label", CANVAS: "canvas", VIDEO: "video", AUDIO: "audio" };
/** @type {Record<string, string>} */
const INPUT_ROLES = { checkbox: "checkbox", radio: "radio", range: "slider", number: "spinbutton", search: "searchbox", button: "button", submit: "button", reset: "button", image: "button", file: "file", color: "color", date: "date" };

/** @param {Element} element */
function roleOf(element) {
  const said = element.getAttribute("role")?.trim().split(/\s+/)[0];
  if (said) return said;
  if (element instanceof HTMLInputElement) return INPUT_ROLES[element.type] ?? "textbox";
  if (element instanceof HTMLAnchorElement && element.href) return "link";
  if (element instanceof HTMLElement && element.isContentEditable) return "textbox";
  return ROLES[element.tagName] ?? "";
}

/** @param {Element} element */
function nameOf(element) {
  const isField =
    element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;
  // What is typed into it is its value, not its name.
  const isEdited = element instanceof HTMLElement && element.isContentEditable;
  const ids = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
  const root = /** @type {Document | ShadowRoot} */ (element.getRootNode());
  const candidates = [
    () => ids.map((id) => root.getElementById?.(id)?.textContent ?? "").join(" "),
    () => element.getAttribute("aria-label"),
    () => (isField ? [...(element.labels ?? [])].map(labelText).join(" ") : ""),
    () => (element instanceof HTMLInputElement && /^(?:button|submit|reset)$/.test(element.type) ? element.value : ""),
    () => element.getAttribute("alt"),
    () => (isField || isEdited || element instanceof HTMLFormElement ? "" : element.textContent),
    () => (isField ? "" : element.querySelector("img[alt]")?.getAttribute("alt")),
    () => element.getAttribute("placeholder"),
    () => element.getAttribute("title"),
    () => element.getAttribute("name"),
  ];
  for (const candidate of candidates) {
    const name = (candidate() ?? "").replace(/\s+/g, " ").trim();
    if (name) return name.slice(0, NAME_LIMIT).trim();
  }
  return "";
}

/**
 * A label's own words, without those of the control and the hints inside it.
 * @param {HTMLLabelElement} label
 */
function labelText(label) {
  const named = label.querySelector("[data-testid='block-info'], .label, legend");
  if (named?.textContent?.trim()) return named.textContent;
  let text = "";
  const walker = document.createTreeWalker(label, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement?.closest("select,textarea,button,script,style")) text += node.nodeValue;
  }
  return text;
}

/**
 * Where the control is, in the most lasting way there is.
 * @param {Element} element
 */
function locatorOf(element) {
  if (element.id && !looksRandom(element.id)) return `#${CSS.escape(element.id)}`;
  const test = element.getAttribute("data-testid");
  if (test) return `[data-testid=${natives.stringify(test)}]`;
  const role = roleOf(element);
  const name = nameOf(element);
  if (role && name) return `role=${role}[name=${natives.stringify(name)}]`;
  return pathOf(element);
}

/** @param {string} id */
function looksRandom(id) {
  return id.length > 40 || /\d{3,}|[0-9a-f]{8}|^:|^(?:radix|mui|headlessui|svelte|ember|react)-/i.test(id);
}

/** @param {Element} element */
function pathOf(element) {
  /** @type {string[]} */
  const steps = [];
  for (let each = /** @type {Element | null} */ (element); each && steps.length < 5; each = each.parentElement) {
    if (each.id && !looksRandom(each.id)) {
      steps.unshift(`#${CSS.escape(each.id)}`);
      break;
    }
    const tag = each.tagName.toLowerCase();
    const twins = [...(each.parentElement?.children ?? [])].filter((twin) => twin.tagName === each.tagName);
    steps.unshift(twins.length > 1 ? `${tag}:nth-of-type(${twins.indexOf(each) + 1})` : tag);
  }
  return steps.join(" > ");
}
