/**
 * As much of a browser as the page side's pure modules ask for, for unit tests on node. Import it before any of them: they
 * keep the natives that they find.
 *
 * Properties are getters of classes, as in a browser: what an app puts on an element does not change what they read.
 */

class Node_ extends EventTarget {
  constructor() {
    super();
    this.state = { parent: null, children: [], attributes: {} };
  }
  get parentElement() { return this.state.parent; }
  get textContent() { return this.state.children.map((each) => (typeof each === "string" ? each : each.textContent)).join(""); }
  getRootNode() { return document; }
  querySelectorAll(selector) { return descendants(this).filter((each) => each.matches(selector)); }
  querySelector(selector) { return this.querySelectorAll(selector)[0] ?? null; }
}

function descendants(node) {
  return node.state.children.filter((each) => typeof each !== "string").flatMap((each) => [each, ...descendants(each)]);
}

class Element_ extends Node_ {
  get tagName() { return this.state.tag.toUpperCase(); }
  get isContentEditable() { return false; }
  getAttribute(name) { return this.state.attributes[name] ?? null; }
  matches(selector) { return selector.split(",").some((each) => isOne(this, each)); }
  closest(selector) {
    for (let each = this; each; each = each.state.parent) if (each.matches(selector)) return each;
    return null;
  }
}

/** Whether an element fits `tag[name=value]…`. */
function isOne(element, selector) {
  const [, tag, rest] = /^([a-z-]*)((?:\[[\w-]+~?=(?:"[^"]*"|[^\]]*)\])*)$/.exec(selector) ?? [];
  if (tag === undefined) throw new SyntaxError(`the tests' browser does not know the selector ${selector}`);
  if (tag && tag !== element.state.tag) return false;
  return [...rest.matchAll(/\[([\w-]+)(~?=)("[^"]*"|[^\]]*)\]/g)].every(([, name, how, quoted]) => {
    const value = quoted.replace(/^"|"$/g, "");
    const given = element.getAttribute(name) ?? "";
    return how === "~=" ? given.split(" ").includes(value) : given === value;
  });
}

class Field_ extends Element_ {
  get name() { return this.state.attributes.name ?? ""; }
  get type() { return this.state.attributes.type ?? "text"; }
  get value() { return this.state.value ?? this.state.attributes.value ?? ""; }
  set value(value) { this.state.value = value; }
  get checked() { return this.state.checked ?? false; }
  set checked(value) { this.state.checked = value; }
  get files() { return this.state.files ?? null; }
  get form() { return null; }
  get labels() { return this.state.labels ?? []; }
}

class Input_ extends Field_ {}
class TextArea_ extends Field_ {}
class Select_ extends Field_ {
  get selectedOptions() { return this.state.children.filter((each) => each.state.attributes.selected); }
}
class Option_ extends Element_ {
  get value() { return this.state.attributes.value ?? this.textContent; }
  get label() { return this.textContent; }
}

const CLASSES = { input: Input_, textarea: TextArea_, select: Select_, option: Option_ };

/** An element with attributes and children, which are elements and texts. */
export function make(tag, attributes = {}, ...children) {
  const element = new (CLASSES[tag] ?? Element_)();
  element.state = { tag, attributes, children, parent: null };
  for (const each of children) if (typeof each !== "string") each.state.parent = element;
  return element;
}

class Document_ extends Node_ {
  get body() { return this.state.children[0]; }
  get baseURI() { return location.href; }
  get cookie() { return this.state.cookie ?? ""; }
  get readyState() { return "complete"; }
  get visibilityState() { return "visible"; }
  get activeElement() { return this.state.active ?? null; }
  getElementsByTagName(tag) { return this.querySelectorAll(tag); }
}

/** A document with this in its body, in place of the one before. */
export function show(...children) {
  const body = make("body", {}, ...children);
  document.state.children = [body];
  document.state.active = null;
  document.state.cookie = "";
  return body;
}

class Storage_ {
  constructor() { Object.defineProperty(this, "kept", { value: new Map() }); }
  getItem(key) { return this.kept.get(key) ?? null; }
  setItem(key, value) {
    this.kept.set(key, value);
    this[key] = value;
  }
  removeItem(key) {
    this.kept.delete(key);
    delete this[key];
  }
}

/** The sockets that were opened, the latest last; `frames` is what the page sent over one. */
export const sockets = [];

class WebSocket_ extends EventTarget {
  constructor(url) {
    super();
    this.url = String(url);
    this.frames = [];
    this.isClosed = false;
    this.bufferedAmount = 0;
    sockets.push(this);
  }
  send(frame) { this.frames.push(frame); }
  close() { this.isClosed = true; }
  /** The collector says something. */
  hear(...messages) { this.dispatchEvent(Object.assign(new Event("message"), { data: messages.map((each) => JSON.stringify(each)).join("\n") })); }
  /** Everything that the page has sent, line by line. */
  get lines() { return this.frames.join("\n").split("\n").map((line) => JSON.parse(line)); }
}

const globals = {
  Document: Document_,
  Element: Element_,
  HTMLInputElement: Input_,
  HTMLTextAreaElement: TextArea_,
  HTMLSelectElement: Select_,
  KeyboardEvent: class extends Event {},
  FileReader: class { readAsDataURL() {} },
  WebSocket: WebSocket_,
  window: new EventTarget(),
  location: new URL("http://app.test/page?x=1#part"),
  sessionStorage: new Storage_(),
};
for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
globalThis.document = new Document_();
show();
