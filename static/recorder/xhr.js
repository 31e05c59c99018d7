/**
 * What the page asks by XMLHttpRequest and `sendBeacon`, and what an EventSource brings, observed.
 */
import { describeSent, isStreamed, isText, lostBody, textBody, typeOf } from "./bodies.js";
import { CLOCK_MS, addressOf, announce, methodOf, spoken } from "./exchange.js";
import { guarded, listen, natives } from "./natives.js";
import { patch, patchClass, proxyOf } from "./patching.js";

/** @typedef {{method: string, url: string, headers: import("./words.js").Pairs}} Opened */

/**
 * @param {import("./exchange.js").Observer} observer
 * @param {{last: number}} counter
 */
export function hookXhr(observer, counter) {
  /** @type {WeakMap<XMLHttpRequest, Opened>} */
  const opened = new WeakMap();
  /** @type {WeakMap<XMLHttpRequest, (event: Event) => void>} */
  const followed = new WeakMap();
  const prototype = /** @type {any} */ (XMLHttpRequest.prototype);
  /** @param {(self: XMLHttpRequest, args: any[]) => void} look */
  const looking = (look) => ({
    apply: (/** @type {Function} */ native, /** @type {XMLHttpRequest} */ self, /** @type {any[]} */ given) => {
      const args = given.length > 1 && self instanceof XMLHttpRequest ? spoken(given, 2) : given;
      const result = Reflect.apply(native, self, args);
      guarded(look)(self, args);
      return result;
    },
  });
  const made = guarded((/** @type {XMLHttpRequest} */ request) => {
    // Before the app's own listeners, which may keep an event from all that come after.
    for (const type of ["readystatechange", "progress", "load", "error", "abort", "timeout"]) {
      listen(request, type, (event) => followed.get(request)?.(event));
    }
  });
  return [
    patchClass("XMLHttpRequest", made),
    patch(prototype, "open", looking((self, [method, url]) => {
      opened.set(self, { method: methodOf(method), url: addressOf(String(url)), headers: [] });
    })),
    patch(prototype, "setRequestHeader", looking((self, [name, value]) => {
      opened.get(self)?.headers.push([String(name).toLowerCase(), String(value)]);
    })),
    patch(prototype, "send", {
      apply: (native, self, args) => {
        guarded(() => {
          const opening = opened.get(self);
          followed.delete(self);
          if (opening?.url) followed.set(self, follow(observer, counter, self, opening, args[0]));
        })();
        return Reflect.apply(native, self, args);
      },
    }),
  ];
}

/**
 * @param {import("./exchange.js").Observer} observer
 * @param {{last: number}} counter
 * @param {XMLHttpRequest} request
 * @param {Opened} opening
 * @param {unknown} given
 * @returns {(event: Event) => void} what takes the events of the request
 */
function follow(observer, counter, request, opening, given) {
  const said = opening.headers.find(([name]) => name === "content-type")?.[1] ?? null;
  const encoding = opening.headers.find(([name]) => name === "content-encoding")?.[1];
  const isDocument = globalThis.Document && given instanceof Document;
  const body = isDocument ? lostBody("unreadable") : describeSent(given, said, encoding);
  const isSent = opening.method !== "GET" && opening.method !== "HEAD" && !isDocument;
  const implied = said === null && isSent ? typeOf(given) : "";
  if (implied) opening.headers.push(["content-type", implied]);
  const { id, add } = announce(observer, counter, { ...opening, how: "xhr" }, body);
  let isAnswered = false;
  let isOver = false;
  let read = 0;
  const answered = () => {
    if (isAnswered || request.status === 0) return;
    isAnswered = true;
    add({ t: "response", id, status: request.status, headers: headersIn(request), url: request.responseURL });
  };
  const more = () => {
    if (!isStreamed(request.getResponseHeader("content-type")) || !isReadAsText(request)) return;
    const text = request.responseText.slice(read);
    read += text.length;
    if (text) add({ t: "chunk", id, text });
  };
  /** @param {Event} event */
  const over = (event) => {
    if (isOver) return;
    isOver = true;
    answered();
    if (event.type === "abort") return add({ t: "done", id, error: "AbortError: The request was aborted.", aborted: true });
    if (event.type !== "load") return add({ t: "done", id, error: `XMLHttpRequest: ${event.type}` });
    more();
    const kept = read ? {} : answerOf(request);
    add(kept.kind ? { t: "done", id, body: kept } : { t: "done", id });
  };
  return (event) => {
    if (event.type === "readystatechange") {
      if (request.readyState >= 2) answered();
    } else if (event.type === "progress") more();
    else over(event);
  };
}

/** @param {XMLHttpRequest} request */
function isReadAsText(request) {
  return request.responseType === "" || request.responseType === "text";
}

/**
 * @param {XMLHttpRequest} request
 * @returns {import("./words.js").Body}
 */
function answerOf(request) {
  const type = request.getResponseHeader("content-type");
  const said = request.getResponseHeader("content-length");
  const size = said === null ? null : Number(said);
  if (type === null && isReadAsText(request)) return request.responseText ? textBody(request.responseText) : {};
  if (!isText(type)) return lostBody("binary_not_kept", size);
  if (isReadAsText(request)) return request.responseText ? textBody(request.responseText) : {};
  // What the browser has already parsed is spelled anew.
  if (request.responseType === "json") return textBody(natives.stringify(request.response));
  if (request.responseType === "arraybuffer" && request.response) return textBody(new TextDecoder().decode(request.response));
  return lostBody("unreadable", size);
}

/**
 * @param {XMLHttpRequest} request
 * @returns {import("./words.js").Pairs}
 */
function headersIn(request) {
  const lines = request.getAllResponseHeaders().split("\r\n").filter(Boolean);
  return lines.map((line) => {
    const [name = "", value = ""] = line.split(/:\s*(.*)/s);
    return [name.toLowerCase(), value];
  });
}

/**
 * @param {import("./exchange.js").Observer} observer
 * @param {{last: number}} counter
 */
export function hookBeacons(observer, counter) {
  return [
    patch(/** @type {any} */ (Object.getPrototypeOf(navigator)), "sendBeacon", {
      apply: (native, self, given) => {
        const args = spoken(given, 1);
        const isTaken = Reflect.apply(native, self, args);
        guarded(() => {
          const url = addressOf(String(args[0]));
          if (!isTaken || !url) return;
          const type = typeOf(args[1]);
          const headers = /** @type {import("./words.js").Pairs} */ (type ? [["content-type", type]] : []);
          const opening = { method: "POST", url, headers, how: "beacon" };
          const { id, add } = announce(observer, counter, opening, describeSent(args[1], null));
          add({ t: "done", id });
        })();
        return isTaken;
      },
    }),
  ];
}

/** How long a request may take from a page to the recorder. */
const BEGUN_MS = 5000;
/** How long after it was closed an event of a stream may still be told of. */
const CLOSED_MS = 10_000;

/**
 * @param {import("./exchange.js").Observer} observer
 * @param {{last: number}} counter
 * @returns {{streamed: (event: import("./words.js").Streamed) => void, undo: (() => void)[]}}
 */
export function hookEventSources(observer, counter) {
  if (!globalThis.EventSource) return { streamed: () => {}, undo: [] };
  /** @type {Set<{url: string, at: number, until: number, heard: Map<string, number>, add: (text: string, at: number) => void}>} */
  const open = new Set();
  /** @type {WeakMap<object, {hear: (type: string) => void, close: () => void}>} */
  const sources = new WeakMap();

  const followSource = guarded((/** @type {EventSource} */ source) => {
    const url = addressOf(source.url);
    if (!url) return;
    const opening = { method: "GET", url, how: "eventsource", headers: /** @type {import("./words.js").Pairs} */ ([["accept", "text/event-stream"]]) };
    const { id, add } = announce(observer, counter, opening, {});
    /** @type {Map<string, number>} the types that are listened to, and since when */
    const heard = new Map();
    const opened = { url, at: natives.now(), until: Infinity, heard, add: (/** @type {string} */ text, /** @type {number} */ at) => add({ t: "chunk", id, text, at }) };
    open.add(opened);
    let isOpen = false;
    let isOver = false;
    const over = (/** @type {string | undefined} */ error) => {
      if (isOver) return;
      isOver = true;
      opened.until = natives.now();
      // What came before it was closed may be told of after it.
      natives.setTimeout(() => open.delete(opened), CLOSED_MS);
      add(error ? { t: "done", id, error } : { t: "done", id, aborted: true });
    };
    const hear = (/** @type {string} */ type) => {
      if (heard.has(type)) return;
      heard.set(type, natives.now());
      listen(source, type, (event) => {
        if (typeof event.data === "string") add({ t: "chunk", id, text: spelled(type, event.lastEventId, event.data) });
      });
    };
    sources.set(source, { hear, close: () => over(undefined) });
    hear("message");
    listen(source, "open", () => {
      if (isOpen) return;
      isOpen = true;
      add({ t: "response", id, status: 200, headers: [["content-type", "text/event-stream"]], url: source.url });
    });
    listen(source, "error", () => source.readyState === 2 && over("EventSource: the connection was refused"));
  });

  const prototype = /** @type {any} */ (globalThis.EventSource.prototype);
  // Events that have a name of the app's own are only heard by who asks for them by it.
  const listening = proxyOf(natives.addEventListener, {
    apply: (native, self, given) => {
      const args = given.length > 1 ? spoken(given, 1) : given;
      guarded(() => sources.get(self)?.hear(String(args[0])))();
      return Reflect.apply(native, self, args);
    },
  });
  Object.defineProperty(prototype, "addEventListener", { value: listening, configurable: true, writable: true, enumerable: true });
  // A stream that is asked for again after a pause is still the same one to the page.
  const streamed = (/** @type {import("./words.js").Streamed} */ event) => {
    const [source] = [...open]
      .filter(({ url, at, until }) => url === event.url && at <= event.began + BEGUN_MS && event.at <= until + CLOCK_MS)
      .sort((one, other) => Math.abs(one.at - event.began) - Math.abs(other.at - event.began));
    if (!source || (source.heard.get(event.type) ?? Infinity) <= event.at) return;
    source.add(spelled(event.type, event.id ?? "", event.data), event.at);
  };
  const undo = [
    () => {
      if (prototype.addEventListener === listening) delete prototype.addEventListener;
    },
    patchClass("EventSource", followSource),
    patch(prototype, "close", {
      apply: (native, self, args) => {
        guarded(() => sources.get(self)?.close())();
        return Reflect.apply(native, self, args);
      },
    }),
  ];
  return { streamed, undo };
}

/**
 * An event as it stands in a stream.
 * @param {string} type
 * @param {string} id
 * @param {string} data
 */
function spelled(type, id, data) {
  const lines = [...(type === "message" ? [] : [`event: ${type}`]), ...(id ? [`id: ${id}`] : [])];
  return [...lines, ...data.split("\n").map((line) => `data: ${line}`), "", ""].join("\n");
}
