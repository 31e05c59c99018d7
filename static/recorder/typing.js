/**
 * What the person typed, chose, checked and uploaded: a fact of a control once it is about to matter, and then what the
 * control holds. What the app fills in by itself is none of it.
 */
import { attribute, closest, matches, own, textOf } from "./elements.js";
import { natives } from "./natives.js";

/** Characters of one value. */
const VALUE_LIMIT = 1024 * 1024;
const VISIBLE_LIMIT = 500;
const OPTIONS = "[role=option],[role=menuitemradio],[role=radio],[role=treeitem]";
const CHECKS = "[role=checkbox],[role=switch],[role=menuitemcheckbox]";
const LISTS = "[role=listbox],[role=menu],[role=radiogroup],[role=tree]";

/**
 * @typedef {{value: string, shown?: string}} Held
 * @typedef {object} Control
 * @property {string} id
 * @property {string} kept what was last said of it
 * @property {string} seen what was in it at the person's last doing
 * @property {number} at when that was
 * @property {string} act the act that it began with
 *
 * @typedef {object} Naming
 * @property {(element: Element) => string} name
 * @property {(element: Element) => string} role
 */

export class Typing {
  /**
   * @param {(fact: import("./words.js").Typed & {at: number}) => void} tell
   * @param {Naming} naming
   */
  constructor(tell, naming) {
    this.tell = tell;
    this.naming = naming;
    /** @type {WeakMap<Element, Control>} */
    this.controls = new WeakMap();
    this.count = 0;
    /** @type {Set<Element>} what the person touched since it was last told of */
    this.touched = new Set();
  }

  /**
   * The person did something to a control, as a trusted event says.
   * @param {Event} event
   * @param {Element} element where it was heard
   * @param {string} act the act that it is of
   */
  hear(event, element, act) {
    const { type } = event;
    if (type === "input" || type === "change") {
      if (isField(element)) this.touch(groupOf(element), act, type === "change");
      else if (own(/** @type {any} */ (element), "isContentEditable")) this.touch(hostOf(element), act, type === "change");
    } else if (type === "drop" || type === "paste") {
      const { dataTransfer, clipboardData } = /** @type {any} */ (event);
      const files = [...((dataTransfer ?? clipboardData)?.files ?? [])];
      if (files.length) this.say(element, this.control(element, act), "file", files.map(({ name }) => ({ value: name })));
    } else if (type === "submit") {
      this.submit(element, act);
    } else if (type === "click" || (event instanceof KeyboardEvent && /^(?:Enter| )$/.test(event.key))) {
      this.choose(type === "click" ? element : activeIn(element), act);
    }
  }

  /**
   * @param {Element} element
   * @param {string} act
   * @param {boolean} isDone
   */
  touch(element, act, isDone) {
    const control = this.control(element, act);
    control.at = natives.now();
    // Only what the app might empty before it sends it is remembered.
    control.seen = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? own(element, "value") : "";
    this.touched.add(element);
    if (isDone) this.flush(element);
  }

  /**
   * What stands in the lists of a form that is sent. A list that an app draws itself may choose in one of them without
   * an event.
   * @param {Element} form
   * @param {string} act
   */
  submit(form, act) {
    if (!(form instanceof HTMLFormElement)) return;
    for (const element of own(form, "elements")) {
      if (!(element instanceof HTMLSelectElement) || isAsLoaded(element)) continue;
      const control = this.control(element, act);
      this.say(element, control, "choice", heldBy(element, control));
    }
  }

  /**
   * A click on an option that is none of the browser's own, or on such a checkbox.
   * @param {Element | null} element
   * @param {string} act
   */
  choose(element, act) {
    const check = element && closest(element, CHECKS);
    if (check && !isField(check)) {
      const value = String(attribute(check, "aria-checked") !== "true");
      return this.say(check, this.control(check, act), "check", [{ value }]);
    }
    const option = element && closest(element, OPTIONS);
    if (!option || isField(option)) return;
    const shown = textOf(option) || this.naming.name(option);
    const list = closest(option, LISTS);
    const box = comboboxOf(list);
    const value = attribute(option, "data-value") || shown;
    const control = this.control(box ?? list ?? option, act);
    this.say(box ?? list ?? option, control, "choice", [{ value, shown }], labelOf(box, this.naming) || labelOf(list, this.naming));
  }

  /**
   * Tells of every control whose content is not what was last told: of all that were touched, or of one.
   * @param {Element} [only]
   */
  flush(only) {
    if (!this.touched.size) return;
    for (const element of this.touched) {
      if (only && element !== only) continue;
      this.touched.delete(element);
      const control = this.controls.get(element);
      if (control) this.say(element, control, kindOf(element), heldBy(element, control));
    }
  }

  /**
   * @param {Element} element
   * @param {Control} control
   * @param {"text" | "choice" | "check" | "file"} kind
   * @param {Held[]} held
   * @param {string} [label]
   */
  say(element, control, kind, held, label = labelOf(element, this.naming)) {
    const kept = held.map(({ value }) => value).join("\0");
    if (kept === control.kept) return;
    control.kept = kept;
    for (const { value, shown } of held) {
      /** @type {import("./words.js").Typed & {at: number}} */
      const fact = { t: "typed", control: control.id, kind, value: value.slice(0, VALUE_LIMIT), at: control.at };
      const field = attribute(element, "name");
      const role = this.naming.role(element);
      if (shown) fact.shown = shown.slice(0, VISIBLE_LIMIT);
      if (label) fact.label = label;
      if (field) fact.field = field;
      if (role) fact.role = role;
      if (control.act) fact.act = control.act;
      this.tell(fact);
    }
  }

  /**
   * @param {Element} element
   * @param {string} act
   * @returns {Control}
   */
  control(element, act) {
    const known = this.controls.get(element);
    if (known) {
      if (!this.touched.has(element)) known.act = act;
      known.at = natives.now();
      return known;
    }
    const control = { id: `i${++this.count}`, kept: "", seen: "", at: natives.now(), act };
    this.controls.set(element, control);
    return control;
  }
}

/**
 * @param {Element} element
 * @returns {element is HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement}
 */
function isField(element) {
  return element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;
}

/**
 * Whether a list has the selection that the document gave it.
 * @param {HTMLSelectElement} select
 */
function isAsLoaded(select) {
  const options = [...own(select, "options")];
  const isGiven = options.some((option) => own(option, "defaultSelected"));
  if (!isGiven && !own(select, "multiple")) return own(select, "selectedIndex") <= 0;
  return options.every((option) => own(option, "selected") === own(option, "defaultSelected"));
}

/** @param {Element} element */
function hostOf(element) {
  let host = element;
  for (let each = own(element, "parentElement"); each && own(/** @type {any} */ (each), "isContentEditable"); each = own(each, "parentElement")) host = each;
  return host;
}

/**
 * The radio buttons of one name are one control: the first of them.
 * @param {Element} element
 * @returns {Element}
 */
function groupOf(element) {
  if (!(element instanceof HTMLInputElement) || own(element, "type") !== "radio" || !own(element, "name")) return element;
  const root = /** @type {Document} */ (own(element, "getRootNode").call(element));
  const selector = `input[type=radio][name=${natives.stringify(own(element, "name"))}]`;
  for (const each of Reflect.apply(own(root, "querySelectorAll"), root, [selector])) {
    if (own(/** @type {HTMLInputElement} */ (each), "form") === own(element, "form")) return each;
  }
  return element;
}

/**
 * @param {Element} first
 * @returns {HTMLInputElement | undefined}
 */
function checkedOf(first) {
  if (!(first instanceof HTMLInputElement) || own(first, "checked")) return /** @type {HTMLInputElement} */ (first);
  const root = /** @type {Document} */ (own(first, "getRootNode").call(first));
  const selector = `input[type=radio][name=${natives.stringify(own(first, "name"))}]`;
  const group = /** @type {HTMLInputElement[]} */ ([...Reflect.apply(own(root, "querySelectorAll"), root, [selector])]);
  return group.find((each) => own(each, "checked") && own(each, "form") === own(first, "form"));
}

/** @param {Element} element */
function kindOf(element) {
  if (element instanceof HTMLSelectElement) return "choice";
  if (!(element instanceof HTMLInputElement)) return "text";
  const type = own(element, "type");
  return type === "radio" ? "choice" : type === "checkbox" ? "check" : type === "file" ? "file" : "text";
}

/**
 * @param {Element} element
 * @param {Control} control
 * @returns {Held[]}
 */
function heldBy(element, control) {
  if (element instanceof HTMLSelectElement) {
    return [...own(element, "selectedOptions")].map((option) => ({ value: own(option, "value"), shown: textOf(option) || own(option, "label") }));
  }
  if (element instanceof HTMLInputElement) {
    const type = own(element, "type");
    if (type === "file") return [...(own(element, "files") ?? [])].map(({ name }) => ({ value: name }));
    if (type === "checkbox") return [{ value: String(own(element, "checked")) }];
    if (type === "radio") {
      const checked = checkedOf(element);
      return checked ? [{ value: own(checked, "value"), shown: shownOf(checked) }] : [];
    }
  }
  if (!isField(element)) return [{ value: own(/** @type {any} */ (element), "innerText") ?? "" }];
  const value = own(/** @type {HTMLInputElement} */ (element), "value");
  // Many an app empties a field as it sends what was in it.
  return [{ value: value || control.seen }];
}

/** @param {HTMLInputElement} radio */
function shownOf(radio) {
  const labels = [...(own(radio, "labels") ?? [])].map(textOf).join(" ");
  return labels || attribute(radio, "aria-label");
}

/**
 * @param {Element | null | undefined} element
 * @param {Naming} naming
 */
function labelOf(element, naming) {
  if (!element) return "";
  if (element instanceof HTMLInputElement && own(element, "type") === "radio") {
    const group = closest(element, "fieldset,[role=radiogroup]");
    return group ? groupName(group, naming) : "";
  }
  // The name of a list, or of a button that opens one, is not made of what is in it.
  if (matches(element, LISTS)) return groupName(element, naming);
  if (matches(element, "[role=combobox]") && !isField(element)) {
    const labels = /** @type {any} */ (element).labels ?? [];
    return groupName(element, naming) || [...labels].map(textOf).join(" ");
  }
  return naming.name(element);
}

/**
 * @param {Element} group
 * @param {Naming} naming
 */
function groupName(group, naming) {
  if (attribute(group, "aria-label") || attribute(group, "aria-labelledby")) return naming.name(group);
  const legend = Reflect.apply(own(group, "querySelector"), group, ["legend"]);
  return textOf(legend);
}

/**
 * The control that opens a list of options.
 * @param {Element | null} list
 * @returns {Element | null}
 */
function comboboxOf(list) {
  const id = list && attribute(list, "id");
  if (id) {
    const quoted = natives.stringify(id);
    const selector = ["aria-controls", "aria-owns"].map((name) => `[${name}~=${quoted}]`).join();
    const found = Reflect.apply(own(document, "querySelector"), document, [selector]);
    if (found) return found;
  }
  const active = own(document, "activeElement");
  return active && attribute(active, "role") === "combobox" ? active : null;
}

/**
 * The option that a key pressed on `element` chooses.
 * @param {Element} element
 * @returns {Element | null}
 */
function activeIn(element) {
  const id = attribute(element, "aria-activedescendant");
  const root = /** @type {Document} */ (own(element, "getRootNode").call(element));
  return id ? Reflect.apply(own(root, "querySelector"), root, [`[id=${natives.stringify(id)}]`]) : isField(element) ? null : element;
}
