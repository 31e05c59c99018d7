/**
 * What the page asks by XMLHttpRequest and `sendBeacon`, and what an EventSource brings, observed.
 */
import { describeSent, isStreamed, isText, lostBody, textBody, typeOf } from "./bodies.js";
import { addressOf, announce, methodOf, spoken } from "./exchange.js";
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
  return [
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
          if (opening?.url) follow(observer, counter, self, opening, args[0]);
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
  listen(request, "readystatechange", () => request.readyState >= 2 && answered());
  listen(request, "progress", more);
  for (const type of ["load", "error", "abort", "timeout"]) listen(request, type, over);
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

/**
 * @param {import("./exchange.js").Observer} observer
 * @param {{last: number}} counter
 */
export function hookEventSources(observer, counter) {
  if (!globalThis.EventSource) return [];
  /** @type {WeakMap<object, {hear: (type: string) => void, close: () => void}>} */
  const sources = new WeakMap();

  const followSource = guarded((/** @type {EventSource} */ source) => {
    const url = addressOf(source.url);
    if (!url) return;
    const opening = { method: "GET", url, how: "eventsource", headers: /** @type {import("./words.js").Pairs} */ ([["accept", "text/event-stream"]]) };
    const { id, add } = announce(observer, counter, opening, {});
    /** @type {Set<string>} */
    const heard = new Set();
    let isOpen = false;
    let isOver = false;
    const over = (/** @type {string | undefined} */ error) => {
      if (isOver) return;
      isOver = true;
      add(error ? { t: "done", id, error } : { t: "done", id, aborted: true });
    };
    const hear = (/** @type {string} */ type) => {
      if (heard.has(type)) return;
      heard.add(type);
      listen(source, type, (event) => {
        if (typeof event.data !== "string") return;
        const lines = [...(type === "message" ? [] : [`event: ${type}`]), ...(event.lastEventId ? [`id: ${event.lastEventId}`] : [])];
        add({ t: "chunk", id, text: [...lines, ...event.data.split("\n").map((/** @type {string} */ line) => `data: ${line}`), "", ""].join("\n") });
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
  return [
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
}
