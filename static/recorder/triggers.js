/**
 * What the person does: trusted events, and the control that each was on.
 */
import { attribute, closest, inOneLine, own, textOf } from "./elements.js";
import { CLOCK_MS } from "./exchange.js";
import { guarded, listen, natives } from "./natives.js";
import { nearOf } from "./near.js";
import { Typing } from "./typing.js";

const NAME_LIMIT = 120;
/** How long after an act a request may still be its doing. */
const ACT_MS = 2000;
/** How long after a button of the mouse went down or up a request may be the doing of that. */
const PRESS_MS = 300;
/** How far the pointer goes before it drags. */
const DRAG_PIXELS = 4;
const KEYS = new Set(["Enter", "Escape"]);
const CONTROLS =
  "button,a[href],input,select,textarea,summary,label,option,[contenteditable=''],[contenteditable=true],[role=button],[role=link],[role=tab],[role=menuitem],[role=option],[role=checkbox],[role=radio],[role=switch],[role=slider],[role=combobox],[role=textbox],[role=gridcell],td,tr";

/**
 * @typedef {object} Acts
 * @property {() => string | undefined} current the act that can have caused what happens now
 * @property {(at: number) => string | undefined} before the latest act, if it can have caused what happened then
 * @property {() => void} flush tells of what was typed and not yet told of
 *
 * @typedef {object} Watch
 * @property {(fact: import("./words.js").Act | import("./words.js").Typed) => void} tell
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
  const typing = new Typing(watch.tell, { name: nameOf, role: roleOf });

  /** @param {Event} event */
  const heard = (event) => {
    const [first] = event.composedPath();
    if (!(first instanceof Element) || watch.isOurs(first)) return;
    if (first instanceof HTMLInputElement && (own(first, "type") === "password" || passwords.has(first))) {
      // It stays one when the app lets it be shown.
      passwords.add(first);
      watch.password(first, event.type === "change" || event.type === "submit");
    }
    if (!event.isTrusted) {
      // A list that an app draws itself, or a browser that is driven, chooses so in the one that a form sends.
      if (event.type === "change" && isChosen(first)) guarded(() => typing.hear(event, first, current() ?? ""))();
      return;
    }
    if (event instanceof KeyboardEvent && !isCommand(event, first)) return;
    const element = closest(first, CONTROLS) ?? first;
    const isTyping = event.type === "input" || event.type === "change";
    // What stood in the controls before this act is said before it, and before the app's own handlers have changed it.
    if (!isTyping || burstOn?.deref() !== element) guarded(() => typing.flush())();
    latestAt = natives.now();
    pressed = null;
    // Pasted text is told of by what it does to a field.
    const isQuiet = event instanceof KeyboardEvent ? event.repeat : event instanceof ClipboardEvent && !event.clipboardData?.files.length;
    if (!isQuiet) tell(event.type, element);
    guarded(() => typing.hear(event, first, latest))();
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
    /** @type {import("./words.js").Act} */
    const act = { t: "act", id: latest, kind, role: roleOf(element), name: nameOf(element), locator: locatorOf(element) };
    guarded(() => {
      const near = nearOf(element);
      if (near.length) act.near = near;
    })();
    watch.tell(act);
  };
  for (const type of ["click", "change", "input", "submit", "keydown", "drop", "paste", "contextmenu"]) {
    listen(window, type, heard, { capture: true, passive: true });
  }
  /** @type {{x: number, y: number, on: Element, isDragged: boolean} | null} what the pointer took hold of */
  let held = null;
  /** @type {{kind: string, on: Element} | null} a button of the mouse that went down or up, told of if it causes something */
  let pressed = null;
  /** @param {Event} event */
  const press = (event) => {
    const [first] = event.composedPath();
    if (!event.isTrusted || !(first instanceof Element) || watch.isOurs(first)) return;
    guarded(() => typing.flush())();
    pressed = { kind: event.type, on: closest(first, CONTROLS) ?? first };
    pressedAt = natives.now();
  };
  let pressedAt = -Infinity;
  for (const type of ["pointerdown", "mousedown", "mouseup"]) listen(window, type, press, { capture: true, passive: true });
  listen(window, "pointerdown", (/** @type {PointerEvent} */ event) => {
    const [first] = event.composedPath();
    const isTaken = event.isTrusted && first instanceof Element && !watch.isOurs(first);
    held = isTaken ? { x: event.clientX, y: event.clientY, on: closest(first, CONTROLS) ?? first, isDragged: false } : null;
  }, { capture: true, passive: true });
  listen(window, "pointermove", (/** @type {PointerEvent} */ event) => {
    if (!held || !event.buttons) return;
    if (held.isDragged) latestAt = natives.now();
    else if (Math.hypot(event.clientX - held.x, event.clientY - held.y) > DRAG_PIXELS) {
      held.isDragged = true;
      latestAt = natives.now();
      pressed = null;
      tell("drag", held.on);
    }
  }, { capture: true, passive: true });
  const current = () => {
    if (pressed && natives.now() - pressedAt <= PRESS_MS) {
      // What is asked for while the button is down, or just after, nobody waited for the click to ask.
      const { kind, on } = pressed;
      latestAt = pressedAt;
      pressed = null;
      tell(kind, on);
    }
    return natives.now() - latestAt <= ACT_MS && latest ? latest : undefined;
  };
  const before = (/** @type {number} */ at) => (latest && latestAt <= at + CLOCK_MS && at - latestAt <= ACT_MS ? latest : undefined);
  return { current, before, flush: () => typing.flush() };
}

/** @param {Element} element */
function isChosen(element) {
  if (element instanceof HTMLSelectElement) return true;
  return element instanceof HTMLInputElement && /^(?:color|date|datetime-local|month|range|time|week)$/.test(own(element, "type"));
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
  const said = attribute(element, "role").trim().split(/\s+/)[0];
  if (said) return said;
  if (element instanceof HTMLInputElement) return INPUT_ROLES[own(element, "type")] ?? "textbox";
  if (element instanceof HTMLAnchorElement && element.href) return "link";
  if (element instanceof HTMLElement && own(element, "isContentEditable")) return "textbox";
  return ROLES[own(element, "tagName")] ?? "";
}

/** @param {Element} element */
function nameOf(element) {
  const isField =
    element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;
  // What is typed into it is its value, not its name.
  const isEdited = element instanceof HTMLElement && own(element, "isContentEditable");
  const ids = attribute(element, "aria-labelledby").split(/\s+/).filter(Boolean);
  const root = /** @type {Document | ShadowRoot} */ (Reflect.apply(own(element, "getRootNode"), element, []));
  const candidates = [
    () => ids.map((id) => textOf(own(root, "getElementById")?.call(root, id))).join(" "),
    () => attribute(element, "aria-label"),
    () => (isField ? [...(own(element, "labels") ?? [])].map(labelText).join(" ") : ""),
    () => (element instanceof HTMLInputElement && /^(?:button|submit|reset)$/.test(own(element, "type")) ? own(element, "value") : ""),
    () => attribute(element, "alt"),
    () => (isField || isEdited || element instanceof HTMLFormElement ? "" : own(element, "textContent")),
    () => (isField || element instanceof HTMLFormElement ? "" : element.querySelector("img[alt]")?.getAttribute("alt")),
    () => attribute(element, "placeholder"),
    () => attribute(element, "title"),
    () => attribute(element, "name"),
  ];
  for (const candidate of candidates) {
    const name = inOneLine(candidate() ?? "");
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
  const walker = Reflect.apply(own(document, "createTreeWalker"), document, [label, NodeFilter.SHOW_TEXT]);
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
  const id = attribute(element, "id");
  if (id && !looksRandom(id)) return `#${CSS.escape(id)}`;
  const test = attribute(element, "data-testid");
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
  for (let each = /** @type {Element | null} */ (element); each && steps.length < 5; each = own(each, "parentElement")) {
    const id = attribute(each, "id");
    if (id && !looksRandom(id)) {
      steps.unshift(`#${CSS.escape(id)}`);
      break;
    }
    const name = own(each, "tagName");
    const tag = name.toLowerCase();
    const parent = own(each, "parentElement");
    const twins = parent ? [...own(parent, "children")].filter((twin) => own(twin, "tagName") === name) : [];
    steps.unshift(twins.length > 1 ? `${tag}:nth-of-type(${twins.indexOf(each) + 1})` : tag);
  }
  return steps.join(" > ");
}
