/**
 * The one primitive by which a function of the page is replaced.
 */

/**
 * Puts a proxy of the function `owner[name]` in its place: name, length, prototype and text stay the native's own.
 * @template {object} O
 * @param {O} owner
 * @param {keyof O} name
 * @param {ProxyHandler<any>} handler
 * @returns {() => void} puts the native back, unless somebody has wrapped ours since
 */
export function patch(owner, name, handler) {
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  if (!descriptor?.configurable || typeof descriptor.value !== "function") return () => {};
  const replacement = new Proxy(descriptor.value, handler);
  Object.defineProperty(owner, name, { ...descriptor, value: replacement });
  return () => {
    if (Object.getOwnPropertyDescriptor(owner, name)?.value === replacement) {
      Object.defineProperty(owner, name, descriptor);
    }
  };
}
