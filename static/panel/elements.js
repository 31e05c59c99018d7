/**
 * Elements made by name, with their text as text: nothing that an app said is ever read as markup.
 */
import { listen, natives } from "../recorder/natives.js";

/** @typedef {Record<string, string | number | boolean | ((event: any) => void) | undefined>} Properties */

/**
 * An element. A property that begins with `on` is a listener, `class` and names with a hyphen are attributes, and so are
 * `role`, `for` and `id`; a boolean attribute is there or not.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Properties} [properties]
 * @param {(Node | string | null | undefined)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const element = /** @type {HTMLElementTagNameMap[K]} */ (natives.apply(natives.createElement, document, [tag]));
  for (const [name, value] of Object.entries(properties)) {
    // What the page's scripts dispatch is nothing that a person does.
    if (typeof value === "function") listen(element, name.slice(2), (event) => event.isTrusted && value(event));
    else if (typeof value === "boolean" && !name.startsWith("aria-")) element.toggleAttribute(name, value);
    else if (value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/**
 * A picture of one path in a square of 16.
 * @param {string} path
 */
export function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 16 16", width: "14", height: "14", "aria-hidden": "true" })) {
    picture.setAttribute(name, value);
  }
  const line = document.createElementNS(space, "path");
  const looks = { d: path, fill: "none", stroke: "currentColor", "stroke-width": "1.5", "stroke-linecap": "round", "stroke-linejoin": "round" };
  for (const [name, value] of Object.entries(looks)) line.setAttribute(name, value);
  picture.append(line);
  return picture;
}

export const ICONS = Object.freeze({
  close: "M4 4l8 8M12 4l-8 8",
  bottom: "M2.5 3.5h11v9h-11zM2.5 9h11",
  right: "M2.5 3.5h11v9h-11zM9.5 3.5v9",
  undo: "M6 4L3 7l3 3M3 7h6.5a3.5 3.5 0 010 7H7",
  replay: "M5 3.5l7 4.5-7 4.5z",
  stop: "M4.5 4.5h7v7h-7z",
  skip: "M2.5 8s2-4 5.5-4 5.5 4 5.5 4-2 4-5.5 4-5.5-4-5.5-4zM3 13L13 3",
  remove: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.5 8.5h6l.5-8.5",
  secret: "M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 015 0v2.5",
  save: "M8 2.5v7.5M5 7l3 3 3-3M3 13.5h10",
  copy: "M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1",
});

/**
 * A button that shows a picture; its name is read out and shown as a tip.
 * @param {string} path
 * @param {string} name
 * @param {(event: Event) => void} press
 * @param {Properties} [properties]
 */
export function iconButton(path, name, press, properties = {}) {
  return make("button", { type: "button", class: "icon", "aria-label": name, title: name, onclick: press, ...properties }, icon(path));
}
