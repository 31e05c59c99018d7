/**
 * The recorder inside a worker: it observes what the worker calls, and remembers and decides nothing. Linked into a
 * script of one line by `recorder/capture/inject.py`.
 */
import { hook } from "./hooks.js";
import { Making } from "./making.js";
import { guarded, natives } from "./natives.js";
import { PORT } from "./workers.js";

const MARK = Symbol.for("api-recorder");

/** Begins to observe this worker, once. */
export function watch() {
  if (MARK in globalThis || typeof globalThis.postMessage !== "function" || globalThis.document) return;
  Object.defineProperty(globalThis, MARK, { value: true, enumerable: false, configurable: true });
  const { port1, port2 } = new MessageChannel();
  /** @type {any} */ (globalThis).postMessage(PORT, [port2]);
  const add = guarded((/** @type {import("./words.js").Fact} */ fact) => port1.postMessage({ at: natives.now(), ...fact }));
  const making = new Making(add, () => 0);
  hook({ now: () => 0, act: () => undefined, add, flush: () => making.flush() }, making);
}
