/**
 * Properties of elements, read past what an app puts in their place: a form's fields stand on the form under their own
 * names (`<input name="method">`), and images and forms with a name stand on the document.
 */

/**
 * `element[name]` by the getter of the browser's own class.
 * @template {object} E
 * @template {keyof E} K
 * @param {E} element
 * @param {K} name
 * @returns {E[K]}
 */
export function own(element, name) {
  return Reflect.get(Object.getPrototypeOf(element), name, element);
}

/**
 * `element.getAttribute(name)`, empty if there is none.
 * @param {Element} element
 * @param {string} name
 */
export function attribute(element, name) {
  return Reflect.apply(own(element, "getAttribute"), element, [name]) ?? "";
}

/**
 * `element.closest(selector)`.
 * @param {Element} element
 * @param {string} selector
 * @returns {Element | null}
 */
export function closest(element, selector) {
  return Reflect.apply(own(element, "closest"), element, [selector]);
}

/**
 * `element.matches(selector)`.
 * @param {Element} element
 * @param {string} selector
 * @returns {boolean}
 */
export function matches(element, selector) {
  return Reflect.apply(own(element, "matches"), element, [selector]);
}

/**
 * What `element` and everything inside it says, in one line.
 * @param {Node | null | undefined} node
 */
export function textOf(node) {
  return node ? inOneLine(own(node, "textContent") ?? "") : "";
}

/** @param {string} text */
export function inOneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}
