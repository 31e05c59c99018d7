import { natives } from "./natives.js";

/**
 * @typedef {{kind?: string, text?: string, parts?: object[], reason?: string, size?: number}} Body
 * @typedef {(type: string, fields: Record<string, unknown>) => void} Report
 * @typedef {() => string | undefined} CurrentAct
 */

const TEXT_LIMIT = 32 * 1024 * 1024;
/** How long a response without an end is collected before it is reported piece by piece. */
const PATIENCE_MS = 2000;

/** @type {(() => void)[]} */
const undo = [];
let counter = 0;

/**
 * The one place that patches: puts a proxy with `traps` in place of `owner[name]`. A proxy has the native's name,
 * length, prototype, statics and source text, so that nothing of the app can tell.
 * @param {any} owner
 * @param {string} name
 * @param {ProxyHandler<any>} traps
 */
function patch(owner, name, traps) {
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  if (!descriptor || typeof descriptor.value !== "function" || !descriptor.configurable) return;
  const native = descriptor.value;
  const proxy = new Proxy(native, traps);
  Object.defineProperty(owner, name, { ...descriptor, value: proxy });
  undo.push(() => {
    // Somebody who wrapped after us still calls us: leave them what they know.
    if (owner[name] === proxy) Object.defineProperty(owner, name, descriptor);
  });
}

/** Puts everything back that nobody wrapped since. */
export function uninstall() {
  for (const step of undo.splice(0).reverse()) step();
}

/**
 * @param {string} url
 * @returns {string}
 */
function absolute(url) {
  try {
    return new URL(url, document.baseURI).href;
  } catch {
    return url;
  }
}

/**
 * Whether a request is the recorder's own.
 * @param {string} url
 * @returns {boolean}
 */
function isOwn(url) {
  try {
    const parsed = new URL(url);
    return parsed.host === location.host && parsed.pathname.startsWith("/_recorder/");
  } catch {
    return false;
  }
}

/**
 * @param {FormData | URLSearchParams} form
 * @returns {Body}
 */
function formBody(form) {
  const parts = [];
  for (const [name, value] of form) {
    if (typeof value === "string") parts.push({ name, value });
    else parts.push({ name, filename: value.name, size: value.size, type: value.type });
  }
  return { kind: "parts", parts };
}

/**
 * @param {string} text
 * @returns {Body}
 */
function textBody(text) {
  if (text.length > TEXT_LIMIT) return { kind: "lost", reason: "too_large", size: text.length };
  return { kind: "text", text };
}

/**
 * What is known of a body handed to fetch or XMLHttpRequest, without touching it.
 * @param {any} body
 * @param {string} type content type
 * @returns {Body | Promise<Body>}
 */
function bodyOf(body, type) {
  if (body === null || body === undefined) return {};
  if (typeof body === "string") return textBody(body);
  if (body instanceof natives.FormData || body instanceof natives.URLSearchParams) return formBody(body);
  const textual = isText(type);
  if (body instanceof natives.Blob) {
    if (!textual && !isText(body.type)) return { kind: "lost", reason: "binary_not_kept", size: body.size };
    if (body.size > TEXT_LIMIT) return { kind: "lost", reason: "too_large", size: body.size };
    return body.text().then(textBody, () => ({ kind: "lost", reason: "unreadable" }));
  }
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
    if (!textual) return { kind: "lost", reason: "binary_not_kept", size: body.byteLength };
    if (body.byteLength > TEXT_LIMIT) return { kind: "lost", reason: "too_large", size: body.byteLength };
    return textBody(new natives.TextDecoder().decode(body));
  }
  if (body instanceof ReadableStream) return { kind: "lost", reason: "unreadable" };
  return textBody(String(body));
}

/**
 * @param {string} type
 * @returns {boolean}
 */
function isText(type) {
  return /json|event-stream|x-www-form-urlencoded|xml|^text\/(?!css|javascript)/i.test(type) && !/image\/svg/i.test(type);
}

/**
 * @param {Headers} headers
 * @returns {[string, string][]}
 */
function pairs(headers) {
  /** @type {[string, string][]} */
  const list = [];
  headers.forEach((value, name) => list.push([name, value]));
  return list;
}

/**
 * Observes fetch.
 * @param {Report} report
 * @param {CurrentAct} act
 */
export function hookFetch(report, act) {
  patch(window, "fetch", {
    apply(native, self, args) {
      let watch = null;
      try {
        watch = watchFetch(args[0], args[1], report, act);
      } catch {
        // What we cannot read is no concern of the app's.
      }
      const promise = natives.apply(native, self, args);
      if (!watch) return promise;
      const { onResponse, onError } = watch;
      // The page gets the promise behind ours: same value, same error, and an error nobody handles is still reported
      // as unhandled, which a handler of our own on the native promise would hide.
      return natives.apply(natives.then, promise, [
        (/** @type {Response} */ response) => {
          onResponse(response);
          return response;
        },
        (/** @type {unknown} */ error) => {
          onError(error);
          throw error;
        },
      ]);
    },
  });
}

/**
 * @param {RequestInfo | URL} input
 * @param {RequestInit | undefined} init
 * @param {Report} report
 * @param {CurrentAct} act
 * @returns {{onResponse: (r: Response) => void, onError: (e: unknown) => void} | null}
 */
function watchFetch(input, init, report, act) {
  const request = input instanceof natives.Request ? input : null;
  const url = request ? request.url : absolute(String(input));
  if (isOwn(url)) return null;
  const headers = new natives.Headers(init?.headers ?? request?.headers);
  const type = headers.get("content-type") ?? "";
  const method = (init?.method ?? request?.method ?? "GET").toUpperCase();
  /** @type {Body | Promise<Body>} */
  let body = {};
  if (init?.body !== undefined && init.body !== null) body = bodyOf(init.body, type);
  else if (request && request.body && !request.bodyUsed) body = requestBody(request, type);
  const id = `r${++counter}`;
  const at = natives.now();
  const fields = { id, method, url, headers: pairs(headers), act: act() };
  /** @type {Promise<void>} */
  let sent;
  if (body instanceof Promise) sent = body.then((read) => report("request", { ...fields, body: read, at }));
  else {
    report("request", { ...fields, body, at });
    sent = Promise.resolve();
  }
  // What follows is told in order, though the request's own body may take a moment to read.
  const inOrder = (/** @type {() => void} */ tell) => (body instanceof Promise ? void sent.then(tell) : tell());
  return {
    onResponse: (response) => {
      try {
        watchResponse(id, response, (kind, more) => inOrder(() => report(kind, more)));
      } catch {
        inOrder(() => report("done", { id, body: { kind: "lost", reason: "unreadable" } }));
      }
    },
    onError: (error) => {
      const aborted = error instanceof DOMException && error.name === "AbortError";
      const done = natives.now();
      inOrder(() => report("done", { id, error: String(error), aborted, at: done }));
    },
  };
}

/**
 * @param {Request} request
 * @param {string} type
 * @returns {Body | Promise<Body>}
 */
function requestBody(request, type) {
  const lost = { kind: "lost", reason: "unreadable" };
  if (/multipart\/form-data/i.test(type)) return request.clone().formData().then(formBody, () => lost);
  if (isText(type)) return request.clone().text().then(textBody, () => lost);
  return { kind: "lost", reason: "binary_not_kept" };
}

/**
 * @param {string} id
 * @param {Response} response
 * @param {Report} report
 */
function watchResponse(id, response, report) {
  const at = natives.now();
  report("response", { id, status: response.status, headers: pairs(response.headers), url: response.url, at });
  const type = response.headers.get("content-type") ?? "";
  const length = Number(response.headers.get("content-length") ?? 0);
  if (response.type === "opaque" || response.type === "opaqueredirect" || !response.body) {
    report("done", { id, at });
  } else if (!isText(type)) {
    report("done", { id, at, body: { kind: "lost", reason: "binary_not_kept", size: length || undefined } });
  } else if (length > TEXT_LIMIT) {
    report("done", { id, at, body: { kind: "lost", reason: "too_large", size: length } });
  } else if (response.bodyUsed) {
    report("done", { id, at, body: { kind: "lost", reason: "unreadable" } });
  } else {
    void readAside(id, response.clone(), /event-stream|ndjson|jsonl|json-seq/i.test(type), report);
  }
}

/**
 * Reads a clone to its end. A stream is told as it arrives; anything else in one piece, unless it takes its time.
 * @param {string} id
 * @param {Response} clone
 * @param {boolean} stream
 * @param {Report} report
 */
async function readAside(id, clone, stream, report) {
  const decoder = new natives.TextDecoder();
  const started = natives.now();
  let streaming = stream;
  let size = 0;
  /** @type {string[]} */
  let pieces = [];
  const flush = () => {
    const text = pieces.join("");
    pieces = [];
    if (text) report("chunk", { id, text });
  };
  try {
    const reader = /** @type {ReadableStream<Uint8Array>} */ (clone.body).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      const text = decoder.decode(value, { stream: !done });
      if (text) pieces.push(text);
      size += text.length;
      if (!streaming && (size > TEXT_LIMIT || natives.now() - started > PATIENCE_MS)) {
        if (size > TEXT_LIMIT) {
          void reader.cancel().catch(() => {});
          report("done", { id, body: { kind: "lost", reason: "too_large", size } });
          return;
        }
        streaming = true;
      }
      if (streaming) flush();
      if (done) break;
    }
    report("done", streaming ? { id } : { id, body: { kind: "text", text: pieces.join("") } });
  } catch (error) {
    if (streaming) flush();
    const aborted = error instanceof DOMException && error.name === "AbortError";
    report("done", { id, error: String(error), aborted });
  }
}

/**
 * Observes WebSockets, both ways.
 * @param {Report} report
 * @param {CurrentAct} act
 */
export function hookWebSocket(report, act) {
  const native = natives.WebSocket;
  /** @type {WeakMap<WebSocket, string>} */
  const known = new WeakMap();
  patch(window, "WebSocket", {
    construct(target, args, newTarget) {
      const socket = natives.construct(target, args, newTarget === window.WebSocket ? target : newTarget);
      try {
        if (!isOwn(socket.url.replace(/^ws/, "http"))) {
          const id = `w${++counter}`;
          known.set(socket, id);
          const opened = act();
          socket.addEventListener("open", () => report("ws_open", { id, url: socket.url, act: opened }));
          socket.addEventListener("message", (/** @type {MessageEvent} */ event) => {
            report("ws_message", { id, sent: false, body: messageBody(event.data) });
          });
          socket.addEventListener("close", (/** @type {CloseEvent} */ event) => {
            report("ws_close", { id, code: event.code, reason: event.reason });
          });
        }
      } catch {
        // The socket is the app's whatever becomes of our listeners.
      }
      return socket;
    },
  });
  patch(native.prototype, "send", {
    apply(send, socket, args) {
      const result = natives.apply(send, socket, args);
      const id = known.get(socket);
      if (id !== undefined) report("ws_message", { id, sent: true, body: messageBody(args[0]) });
      return result;
    },
  });
  const descriptor = Object.getOwnPropertyDescriptor(native.prototype, "constructor");
  const patched = window.WebSocket;
  if (descriptor?.configurable && patched !== native) {
    Object.defineProperty(native.prototype, "constructor", { ...descriptor, value: patched });
    undo.push(() => {
      if (native.prototype.constructor === patched) Object.defineProperty(native.prototype, "constructor", descriptor);
    });
  }
}

/**
 * @param {any} data
 * @returns {Body}
 */
function messageBody(data) {
  if (typeof data === "string") return textBody(data);
  return { kind: "lost", reason: "binary_not_kept", size: data?.size ?? data?.byteLength };
}
