/**
 * What the page calls by `fetch` and over WebSockets, observed.
 *
 * The page keeps its own promises, responses, sockets and errors. Bodies are read from clones, aside, and nothing here
 * throws into the app or leaves a rejection unhandled.
 */
import { TEXT_LIMIT, decoderFor, describeRequest, describeSent, isStreamed, isText, lostBody, textBody, typeOf } from "./bodies.js";
import { addressOf, announce, headersOf, methodOf, spoken, wordsOf } from "./exchange.js";
import { after, guarded, listen, natives } from "./natives.js";
import { patch, patchClass } from "./patching.js";

// fetch

/**
 * @param {import("./exchange.js").Observer} observer
 * @param {{last: number}} counter
 */
export function hookFetch(observer, counter) {
  /**
   * @param {typeof fetch} native
   * @param {unknown} self
   * @param {unknown[]} given
   */
  const apply = (native, self, given) => {
    const args = given[0] instanceof natives.Request ? given : spoken(given, 1);
    /** @type {Waiting | undefined} */
    let exchange;
    try {
      exchange = beginFetch(observer, counter, args);
    } catch {
      // The native will say what is wrong with its arguments, in its own words.
    }
    /** @type {Promise<Response>} */
    const promise = Reflect.apply(native, self, args);
    if (!exchange) return promise;
    const { answered, failed } = exchange;
    return after(
      promise,
      (response) => {
        answered(response);
        return response;
      },
      (error) => {
        failed(error);
        throw error;
      },
    );
  };
  // A worker's global object has it from its prototype.
  const owner = Object.hasOwn(globalThis, "fetch") ? globalThis : Object.getPrototypeOf(Object.getPrototypeOf(globalThis));
  return [patch(/** @type {any} */ (owner), "fetch", { apply })];
}

/** @typedef {{answered: (response: Response) => void, failed: (error: unknown) => void}} Waiting */

/**
 * @param {import("./exchange.js").Observer} observer
 * @param {{last: number}} counter
 * @param {unknown[]} args of `fetch`
 * @returns {Waiting | undefined}
 */
function beginFetch(observer, counter, args) {
  if (args.length === 0) return undefined;
  const request = args[0] instanceof natives.Request ? args[0] : null;
  const init = /** @type {RequestInit} */ (args[1] ?? {});
  const url = addressOf(request ? request.url : String(args[0]));
  if (!url) return undefined;
  const method = methodOf(init.method ?? request?.method ?? "GET");
  const signal = init.signal ?? request?.signal;
  // Nothing leaves the page, and the app is told so at once.
  if (signal?.aborted) return undefined;
  const headers = headersOf(init.headers ?? request?.headers);
  const type = headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? null;
  const hasOwnBody = init.body !== undefined && init.body !== null;
  const encoding = headers.find(([name]) => name.toLowerCase() === "content-encoding")?.[1];
  const body = hasOwnBody || !request ? describeSent(init.body, type, encoding) : describeRequest(request);
  const implied = hasOwnBody && type === null ? typeOf(init.body) : "";
  if (implied) headers.push(["content-type", implied]);
  const { id, add } = announce(observer, counter, { method, url, headers }, body);
  /** @param {unknown} error */
  const failed = (error) => {
    /** @type {import("./words.js").Done} */
    const fact = { t: "done", id, error: wordsOf(error) };
    if (signal?.aborted || (error instanceof DOMException && error.name === "AbortError")) fact.aborted = true;
    add(fact);
  };
  return {
    failed: guarded(failed),
    answered: guarded((response) => {
      add({ t: "response", id, status: response.status, headers: headersOf(response.headers), url: response.url });
      readAside(response, {
        chunk: (text) => add({ t: "chunk", id, text }),
        done: (kept) => add(kept.kind ? { t: "done", id, body: kept } : { t: "done", id }),
        failed,
      });
    }),
  };
}

/**
 * Reads a response through a clone, as it arrives.
 * @param {Response} response
 * @param {{chunk: (text: string) => void, done: (body: import("./words.js").Body) => void, failed: (error: unknown) => void}} tell
 */
function readAside(response, tell) {
  if (response.type === "opaque" || response.type === "opaqueredirect" || response.type === "error") {
    return tell.done(lostBody("unreadable"));
  }
  if (response.body === null) return tell.done({});
  const type = response.headers.get("content-type");
  const said = response.headers.get("content-length");
  const size = said === null ? null : Number(said);
  if (!isText(type)) return tell.done(lostBody("binary_not_kept", size));
  if (size !== null && size > TEXT_LIMIT) return tell.done(lostBody("too_large", size));
  if (response.bodyUsed || response.body.locked) return tell.done(lostBody("unreadable", size));
  /** @type {Response} */
  const clone = Reflect.apply(natives.cloneResponse, response, []);
  const source = response.body;
  const stream = /** @type {ReadableStream<Uint8Array>} */ (clone.body);
  const reader = /** @type {ReadableStreamDefaultReader<Uint8Array>} */ (Reflect.apply(natives.getReader, stream, []));
  const decoder = decoderFor(type);
  const isPlain = !/json|xml|urlencoded/i.test(type ?? "");
  let streaming = isStreamed(type);
  let length = 0;
  let isGivenUp = false;
  /** @type {string[]} */
  let pieces = [];
  // Text that comes without a length and is not there at once is a stream too.
  const patience =
    streaming || size !== null || !isPlain
      ? 0
      : natives.setTimeout(() => {
          streaming = true;
          emit("");
        }, 300);
  const quit = () => {
    followers.delete(source);
    natives.clearTimeout(patience);
  };
  /** @param {string} text */
  const emit = (text) => {
    const whole = pieces.join("") + text;
    pieces = [];
    if (whole) tell.chunk(whole);
  };
  followers.set(source, () => {
    isGivenUp = true;
    void after(Reflect.apply(natives.readerCancel, reader, []), () => {}, () => {});
  });

  const next = () => void after(Reflect.apply(natives.readerRead, reader, []), took, lost);
  const took = guarded((/** @type {ReadableStreamReadResult<Uint8Array>} */ result) => {
    if (isGivenUp) {
      // The app wants no more of it: what came until then is what it saw.
      quit();
      if (streaming) emit(decoder.decode());
      else if (pieces.length) tell.chunk(pieces.join(""));
      return tell.failed(new DOMException("The app stopped reading.", "AbortError"));
    }
    const text = result.done ? decoder.decode() : decoder.decode(result.value, { stream: true });
    length += text.length;
    if (streaming) emit(text);
    else pieces.push(text);
    if (result.done) {
      quit();
      return tell.done(streaming ? {} : textBody(pieces.join("")));
    }
    if (!streaming && length > TEXT_LIMIT) {
      quit();
      void after(Reflect.apply(natives.readerCancel, reader, []), () => {}, () => {});
      return tell.done(lostBody("too_large"));
    }
    next();
  });
  /** @param {unknown} error */
  const lost = guarded((error) => {
    quit();
    if (!streaming && pieces.length) tell.chunk(pieces.join(""));
    tell.failed(error);
  });
  next();
}

/**
 * The browser ends a download only when both of its readers have given it up, and lets the app wait for that. So whoever
 * gives up the app's side gives up ours.
 * @type {WeakMap<object, () => void>}
 */
const followers = new WeakMap();

export function hookStreams() {
  /** @type {WeakMap<object, object>} */
  const streams = new WeakMap();
  /** @param {unknown} stream */
  const giveUp = (stream) => followers.get(/** @type {object} */ (stream))?.();
  /** @param {(result: any, self: any, args: any[]) => void} look */
  const looking = (look) => ({
    apply: (/** @type {Function} */ native, /** @type {any} */ self, /** @type {any[]} */ args) => {
      const result = Reflect.apply(native, self, args);
      if (followers.has(self)) guarded(look)(result, self, args);
      return result;
    },
  });
  const iterating = looking((iterator, self, [options]) => {
    if (options?.preventCancel) return;
    const native = iterator.return;
    const value = (/** @type {unknown[]} */ ...args) => (giveUp(self), Reflect.apply(native, iterator, args));
    Object.defineProperty(iterator, "return", { value, configurable: true, writable: true, enumerable: false });
  });
  const prototype = /** @type {any} */ (ReadableStream.prototype);
  return [
    patch(prototype, "getReader", looking((reader, self) => streams.set(reader, self))),
    patch(prototype, "pipeThrough", looking((result, self) => followers.set(result, () => giveUp(self)))),
    patch(prototype, "values", iterating),
    patch(prototype, Symbol.asyncIterator, iterating),
    patch(prototype, "cancel", {
      apply: (native, self, args) => {
        if (!self?.locked) giveUp(self);
        return Reflect.apply(native, self, args);
      },
    }),
    patch(/** @type {any} */ (ReadableStreamDefaultReader.prototype), "cancel", {
      apply: (native, self, args) => {
        const stream = streams.get(self);
        if (stream) giveUp(stream);
        return Reflect.apply(native, self, args);
      },
    }),
  ];
}

// WebSocket

/**
 * @param {import("./exchange.js").Observer} observer
 * @param {{last: number}} counter
 */
export function hookSockets(observer, counter) {
  /** @type {WeakMap<object, (data: unknown) => void>} */
  const sockets = new WeakMap();

  const follow = guarded((/** @type {WebSocket} */ socket) => {
    const url = addressOf(socket.url);
    if (!url) return;
    const id = `w${++counter.last}`;
    const since = observer.now();
    const act = observer.act();
    let isOpen = false;
    /**
     * @param {boolean} sent
     * @param {unknown} data
     */
    const message = (sent, data) => {
      if (sent) observer.flush();
      const body = typeof data === "string" ? textBody(data) : lostBody("binary_not_kept", sizeOf(data));
      const act = sent ? observer.act() : undefined;
      observer.add(act ? { t: "ws_message", id, sent, body, act } : { t: "ws_message", id, sent, body });
    };
    sockets.set(socket, (data) => message(true, data));
    listen(socket, "open", () => {
      isOpen = true;
      /** @type {import("./words.js").SocketOpened} */
      const fact = { t: "ws_open", id, url };
      if (act) fact.act = act;
      if (socket.protocol) fact.protocol = socket.protocol;
      observer.add(fact, since);
    });
    listen(socket, "message", (event) => message(false, event.data));
    listen(socket, "close", (event) => {
      if (isOpen) observer.add({ t: "ws_close", id, code: event.code, reason: event.reason });
    });
  });

  return [
    patchClass("WebSocket", follow),
    patch(globalThis.WebSocket.prototype, "send", {
      apply: (native, self, args) => {
        const result = Reflect.apply(native, self, args);
        if (self.readyState === 1) guarded(() => sockets.get(self)?.(args[0]))();
        return result;
      },
    }),
  ];
}

/** @param {any} data */
function sizeOf(data) {
  const size = data?.size ?? data?.byteLength;
  return typeof size === "number" ? size : null;
}
