/**
 * The one primitive by which a function of the page is replaced.
 */

/** @type {WeakMap<object, Function>} */
const originals = new WeakMap();
const originalOf = originals.get.bind(originals);

/**
 * Has `Function.prototype.toString` say of a proxy what it says of the function behind it: some look there for whether a
 * function is the browser's own.
 * @returns {() => void} puts the native back, unless somebody has wrapped ours since
 */
export function patchToString() {
  return patch(Function.prototype, "toString", {
    apply: (native, self, args) => Reflect.apply(native, originalOf(self) ?? self, args),
  });
}

/**
 * A proxy of a function that passes for it.
 * @param {any} native
 * @param {ProxyHandler<any>} handler
 */
export function proxyOf(native, handler) {
  const proxy = new Proxy(native, handler);
  originals.set(proxy, native);
  return proxy;
}

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
  const replacement = proxyOf(descriptor.value, handler);
  Object.defineProperty(owner, name, { ...descriptor, value: replacement });
  return () => {
    if (Object.getOwnPropertyDescriptor(owner, name)?.value === replacement) {
      Object.defineProperty(owner, name, descriptor);
    }
  };
}

/**
 * Puts a proxy of the setter of `owner[name]` in its place.
 * @template {object} O
 * @param {O} owner
 * @param {keyof O} name
 * @param {ProxyHandler<any>} handler
 * @returns {() => void} puts the native back, unless somebody has wrapped ours since
 */
export function patchSetter(owner, name, handler) {
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  if (!descriptor?.configurable || !descriptor.set) return () => {};
  const replacement = proxyOf(descriptor.set, handler);
  Object.defineProperty(owner, name, { ...descriptor, set: replacement });
  return () => {
    if (Object.getOwnPropertyDescriptor(owner, name)?.set === replacement) Object.defineProperty(owner, name, descriptor);
  };
}

/**
 * Puts a proxy in the place of the class `globalThis[name]`, also where an instance finds its class.
 * @param {"WebSocket" | "EventSource" | "Worker" | "XMLHttpRequest"} name
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
