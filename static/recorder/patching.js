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

/**
 * Puts a proxy in the place of the class `globalThis[name]`, also where an instance finds its class.
 * @param {"WebSocket" | "EventSource" | "Worker"} name
 * @param {(instance: any) => void} made is given each instance that the app makes
 * @returns {() => void} puts the native back, unless somebody has wrapped ours since
 */
export function patchClass(name, made) {
  const owner = /** @type {any} */ (globalThis);
  const Native = owner[name];
  const undo = patch(owner, name, {
    construct: (native, args, target) => {
      const instance = Reflect.construct(native, args, target);
      made(instance);
      return instance;
    },
  });
  const Ours = owner[name];
  const own = Object.getOwnPropertyDescriptor(Native.prototype, "constructor");
  if (own?.configurable) Object.defineProperty(Native.prototype, "constructor", { ...own, value: Ours });
  return () => {
    undo();
    if (own && owner[name] === Native && Native.prototype.constructor === Ours) {
      Object.defineProperty(Native.prototype, "constructor", own);
    }
  };
}
