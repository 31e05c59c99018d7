/**
 * The browser's own functions as they were before any script of the app ran. An app may replace them later (a fake
 * clock, a polyfill, a recorder of its own); ours must neither change with them nor be recorded by itself.
 */

const apply = Reflect.apply;
const page = /** @type {any} */ (globalThis);

export const natives = Object.freeze({
  apply,
  defineProperty: Object.defineProperty,
  isOwn: Object.prototype.hasOwnProperty,
  // A worker has no documents.
  createElement: /** @type {(this: Document, tag: string) => HTMLElement} */ (page.Document?.prototype.createElement),
  composedPath: Event.prototype.composedPath,
  checkVisibility: /** @type {Element["checkVisibility"] | undefined} */ (page.Element?.prototype.checkVisibility),
  fetch: globalThis.fetch,
  WebSocket: globalThis.WebSocket,
  Request: globalThis.Request,
  Response: globalThis.Response,
  Headers: globalThis.Headers,
  MutationObserver: globalThis.MutationObserver,
  setTimeout: globalThis.setTimeout.bind(globalThis),
  clearTimeout: globalThis.clearTimeout.bind(globalThis),
  requestAnimationFrame: globalThis.requestAnimationFrame?.bind(globalThis),
  queueMicrotask: globalThis.queueMicrotask.bind(globalThis),
  now: Date.now,
  stringify: JSON.stringify,
  parse: JSON.parse,
  then: Promise.prototype.then,
  addEventListener: EventTarget.prototype.addEventListener,
  headersForEach: Headers.prototype.forEach,
  cloneRequest: Request.prototype.clone,
  cloneResponse: Response.prototype.clone,
  getReader: ReadableStream.prototype.getReader,
  readerRead: ReadableStreamDefaultReader.prototype.read,
  readerCancel: ReadableStreamDefaultReader.prototype.cancel,
  blobBuffer: Blob.prototype.arrayBuffer,
  DecompressionStream: globalThis.DecompressionStream,
  FileReader: globalThis.FileReader,
  readAsDataURL: FileReader.prototype.readAsDataURL,
  socketSend: WebSocket.prototype.send,
  socketClose: WebSocket.prototype.close,
});

/**
 * `promise.then(kept, failed)` by the browser's own `then`.
 * @template T, [R=T], [E=never]
 * @param {Promise<T>} promise
 * @param {(value: T) => R} kept
 * @param {(reason: unknown) => E} [failed]
 * @returns {Promise<Awaited<R> | Awaited<E>>}
 */
export function after(promise, kept, failed) {
  return natives.apply(natives.then, promise, [kept, failed]);
}

/**
 * Listens by the browser's own `addEventListener`; what the listener throws never reaches the app's error handlers.
 * @param {EventTarget} target
 * @param {string} type
 * @param {(event: any) => void} listener
 * @param {boolean | AddEventListenerOptions} [options]
 */
export function listen(target, type, listener, options) {
  natives.apply(natives.addEventListener, target, [type, guarded(listener), options]);
}

/**
 * `work`, which never throws: a fault of the recorder must not become one of the app.
 * @template {unknown[]} A
 * @param {(...args: A) => void} work
 * @returns {(...args: A) => void}
 */
export function guarded(work) {
  return (...args) => {
    try {
      // Spread, it would pass through an iterator that the page can replace, and the event with it.
      natives.apply(work, undefined, args);
    } catch (error) {
      console.debug("API Recorder:", error);
    }
  };
}
