/**
 * What stands around a control: the texts of the row, card or list item that it is in, by which a person tells it from
 * those beside it.
 */
import { attribute, closest, inOneLine, matches, own, textOf } from "./elements.js";

const TEXTS = 20;
const TEXT_LENGTH = 120;
/** How far from a control its row is searched for, and how many of its twins are looked at on either side. */
const LEVELS = 12;
const TWINS = 3;
const ROWS = "tr,li,article,[role=row],[role=listitem],[role=option],[role=treeitem],[role=article]";
/** What is repeated within a row. */
const WITHIN = "button,a,input,select,textarea,label,option,td,th,[role=cell],[role=gridcell],[role=button],[role=link]";
const SILENT = "script,style,template,noscript,option,textarea";
const VALUELESS = /^(?:hidden|password|checkbox|radio|file|image)$/;

/**
 * The visible texts of the smallest repeated container around a control, in document order.
 * @param {Element} control
 * @returns {string[]}
 */
export function nearOf(control) {
  const said = textOf(control);
  /** @type {string[]} */
  let fallback = [];
  let each = /** @type {Element | null} */ (control);
  for (let level = 0; each && level < LEVELS && each !== own(document, "body"); level++, each = own(each, "parentElement")) {
    if (matches(each, ROWS)) {
      const texts = textsOf(each);
      // A list item that holds half of the page tells less than what is repeated inside it.
      if (texts.length && !(fallback.length && texts.length >= TEXTS)) return texts;
    } else if (!fallback.length || each !== control) {
      const twins = twinsOf(each);
      if (!twins.length) continue;
      const isWithin = matches(each, WITHIN);
      // Rows have the same controls; what else is repeated is a column.
      const isRow = each !== control && !isWithin && twins.some((twin) => textOf(twin).includes(said));
      if (!isRow && fallback.length) continue;
      const texts = textsOf(each);
      if (isRow && texts.length) return texts;
      if (!fallback.length) fallback = texts;
    }
  }
  return fallback;
}

/**
 * The nearest siblings of the same kind: the tag, and the class or the role.
 * @param {Element} element
 * @returns {Element[]}
 */
function twinsOf(element) {
  const [tag, name, role] = [own(element, "tagName"), attribute(element, "class"), attribute(element, "role")];
  /** @type {Element[]} */
  const twins = [];
  for (const side of /** @type {const} */ (["previousElementSibling", "nextElementSibling"])) {
    let each = own(element, side);
    for (let count = 0; each && count < TWINS; count++, each = own(each, side)) {
      const isAlike = attribute(each, "class") === name || (role && attribute(each, "role") === role);
      if (own(each, "tagName") === tag && isAlike) twins.push(each);
    }
  }
  return twins;
}

/**
 * @param {Element} container
 * @returns {string[]}
 */
function textsOf(container) {
  /** @type {string[]} */
  const texts = [];
  const add = (/** @type {string | null | undefined} */ text) => {
    const line = inOneLine(text ?? "");
    if (line) texts.push(line.slice(0, TEXT_LENGTH).trim());
  };
  const walker = Reflect.apply(own(document, "createTreeWalker"), document, [container, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT]);
  for (let node = walker.nextNode(); node && texts.length < TEXTS; node = walker.nextNode()) {
    if (node instanceof HTMLInputElement) {
      if (!VALUELESS.test(own(node, "type"))) add(own(node, "value"));
    } else if (node instanceof HTMLTextAreaElement) add(own(node, "value"));
    else if (node instanceof HTMLSelectElement) add([...own(node, "selectedOptions")].map(textOf).join(", "));
    else if (node instanceof Text) {
      const parent = own(node, "parentElement");
      if (node.data.trim() && parent && !closest(parent, SILENT) && isVisible(parent)) add(node.data);
    }
  }
  return texts;
}

/** @param {Element} element */
function isVisible(element) {
  const check = own(element, "checkVisibility");
  return typeof check !== "function" || Reflect.apply(check, element, []);
}
