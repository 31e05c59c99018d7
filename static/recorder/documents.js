/**
 * What the browser itself asks the app for: the document that is shown, the forms that are submitted, what is downloaded.
 * A document cannot see the request that it came by, so each is told of by the one that it brought, as far as a page can
 * know; what was done on the page before is handed on within the tab.
 */
import { dataUrl, isGradio, lostBody, textBody } from "./bodies.js";
import { attribute, closest, own } from "./elements.js";
import { addressOf, announce } from "./exchange.js";
import { after, guarded, listen, natives } from "./natives.js";
import { patch } from "./patching.js";

/** Characters of a document that are kept. */
const DOCUMENT_LIMIT = 2 * 1024 * 1024;
/** Bytes of a file that is read as soon as it was chosen, for nothing can be read while the page is left. */
const FILE_LIMIT = 16 * 1024 * 1024;
/** How long the app may take to answer with the next document. */
const LEAVING_MS = 60_000;
/** How long after it was asked for another document the page is left; later, it is left for something else. */
const ASKING_MS = 2_000;
const KEY = "api-recorder:leaving";

/** @typedef {{page: string, act?: string, form?: string, url?: string, at: number}} Leaving `url`: what was asked for */
/** @typedef {{method: string, url: string, at: number, status: number, headers: import("./words.js").Pairs}} Download */

/**
 * @param {import("./exchange.js").Observer} observer
 * @param {string} page the id of this document
 * @returns {{downloads: (download: Download) => boolean, source: (source: import("./words.js").Source) => void}} what takes a
 *   download that was seen on its way, and says whether it is told of already; and what takes this document as the app
 *   sent it
 */
export function watchDocument(observer, page) {
  const counter = { last: 0, letter: "f" };
  const left = takeLeaving();
  const isOfTheWeb = location.protocol === "http:" || location.protocol === "https:";
  const source = isOfTheWeb ? tellDocument(observer, left) : () => {};

  /** @type {WeakMap<File, string>} */
  const contents = new WeakMap();
  /** @type {{form: HTMLFormElement, method: string, action: string, encoding: string, charset: string, id?: string, url?: string, add?: (fact: import("./words.js").Fact) => void} | null} */
  let submitting = null;
  let submittedAt = 0;
  /** @type {Map<string, number>} when each address was downloaded by a link that says so */
  const linked = new Map();

  listen(window, "change", (event) => {
    const [input] = event.composedPath();
    if (!(input instanceof HTMLInputElement) || own(input, "type") !== "file" || !own(input, "form") || isGradio()) return;
    for (const file of own(input, "files") ?? []) {
      if (file.size <= FILE_LIMIT) void after(dataUrl(file), guarded((url) => void contents.set(file, url)));
    }
  }, { capture: true, passive: true });

  /**
   * @param {HTMLFormElement} form
   * @param {HTMLElement | null} submitter
   */
  const submits = (form, submitter) => {
    const button = submitter instanceof HTMLButtonElement || submitter instanceof HTMLInputElement ? submitter : null;
    const said = (/** @type {string} */ name) => button !== null && button.hasAttribute(name);
    const method = (button && said("formmethod") ? own(button, "formMethod") : own(form, "method")).toUpperCase();
    const action = addressOf((button && said("formaction") ? own(button, "formAction") : attribute(form, "action")) || own(document, "URL"));
    const encoding = button && said("formenctype") ? own(button, "formEnctype") : own(form, "enctype");
    submitting = action && (method === "POST" || method === "GET") ? { form, method, action, encoding, charset: charsetOf(form) } : null;
    submittedAt = natives.now();
  };
  /** @param {FormData} data */
  const tellForm = (data) => {
    if (!submitting) return;
    const { method, action, encoding } = submitting;
    /** @type {import("./words.js").Part[]} */
    const parts = [];
    data.forEach((value, name) => {
      if (typeof value === "string") return void parts.push({ name, value });
      if (method === "GET" || !/multipart/.test(encoding)) return void parts.push({ name, value: value.name });
      const content = contents.get(value);
      const part = { name, filename: value.name, size: value.size, type: value.type };
      parts.push(content !== undefined ? { ...part, value: content } : part);
    });
    const headers = /** @type {import("./words.js").Pairs} */ (method === "GET" ? [] : [["content-type", encoding]]);
    const url = method === "GET" ? withQuery(action, parts) : action;
    /** @type {import("./words.js").Body} */
    const body = method === "GET" ? {} : submitting.charset === "utf-8" ? { kind: "parts", parts } : { kind: "parts", parts, charset: submitting.charset };
    const opening = { method, url, how: "form", headers };
    const { id, add } = announce(observer, counter, opening, body);
    Object.assign(submitting, { id, add, url });
  };
  // Behind the app's own listeners, which may have prevented it.
  listen(window, "submit", (event) => {
    if (!event.defaultPrevented && event.target instanceof HTMLFormElement) submits(event.target, event.submitter);
  });
  listen(window, "formdata", (event) => {
    if (submitting && event.target === submitting.form && !submitting.id) tellForm(event.formData);
  });
  patch(/** @type {any} */ (HTMLFormElement.prototype), "submit", {
    apply: (native, self, args) => {
      guarded(() => submits(self, null))();
      return Reflect.apply(native, self, args);
    },
  });
  listen(window, "click", (event) => {
    const [first] = event.composedPath();
    const link = first instanceof Element ? closest(first, "a[href][download]") : null;
    if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented) return;
    const url = addressOf(link.href);
    if (!url || new URL(url).origin !== location.origin) return;
    const { id, add } = announce(observer, counter, { method: "GET", url, how: "download", headers: [] }, {});
    add({ t: "done", id, body: lostBody("binary_not_kept") });
    linked.set(url, natives.now());
  });
  let asked = { url: "", at: 0 };
  const navigation = /** @type {any} */ (window).navigation;
  if (navigation) {
    listen(navigation, "navigate", ({ formData, destination: { sameDocument, url } }) => {
      asked = { url: formData || sameDocument ? "" : url, at: natives.now() };
    });
  }
  listen(window, "beforeunload", () => {
    const act = observer.act();
    /** @type {Leaving} */
    const leaving = { page, at: natives.now() };
    if (act) leaving.act = act;
    if (submitting?.id && natives.now() - submittedAt < LEAVING_MS) leaving.form = submitting.id;
    else if (asked.url && natives.now() - asked.at < ASKING_MS) leaving.url = asked.url;
    try {
      sessionStorage.setItem(KEY, natives.stringify(leaving));
    } catch {
      // Without storage the next document knows nothing of this one.
    }
  });
  const downloads = (/** @type {Download} */ { method, url, at, status, headers }) => {
    if (Math.abs((linked.get(url) ?? -Infinity) - at) < LEAVING_MS && method === "GET") return true;
    const { id, add } = submitting ?? {};
    if (!id || !add || submitting?.url !== url || submitting.method !== method || at - submittedAt > LEAVING_MS) return false;
    // What answers the form is a file, and the page stays.
    submitting = null;
    add({ t: "response", id, status, headers, url });
    add({ t: "done", id, body: lostBody("binary_not_kept") });
    return true;
  };
  return { downloads, source };
}

/**
 * The address that a form with the method GET asks for. Source: HTML, Form submission.
 * @param {string} action
 * @param {import("./words.js").Part[]} parts
 */
function withQuery(action, parts) {
  const url = new URL(action);
  const pairs = parts.map(({ name, value = "" }) => [name, value].map((text) => text.replace(/\r\n?|\n/g, "\r\n")));
  url.search = new URLSearchParams(pairs).toString();
  return url.href;
}

/**
 * The encoding in which a form is sent.
 * @param {HTMLFormElement} form
 */
function charsetOf(form) {
  /** @type {string} */
  const accepted = Reflect.apply(Element.prototype.getAttribute, form, ["accept-charset"]) ?? "";
  for (const label of [...accepted.split(/\s+/), document.characterSet]) {
    try {
      const { encoding } = new TextDecoder(label || "?");
      return encoding.startsWith("utf-16") ? "utf-8" : encoding;
    } catch {
      // Browsers skip the names that they do not know.
    }
  }
  return "utf-8";
}

/** @returns {Leaving | null} */
function takeLeaving() {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    const leaving = text ? natives.parse(text) : null;
    return leaving && natives.now() - leaving.at < LEAVING_MS ? leaving : null;
  } catch {
    return null;
  }
}

/**
 * The document as a call: its address, how it was answered, and its text as it came, before scripts that wait for its end
 * have changed it. A Gradio page says nothing that way that its app does not say better.
 * @param {import("./exchange.js").Observer} observer
 * @param {Leaving | null} left
 * @returns {(source: import("./words.js").Source) => void} what takes the document as the app sent it, which is told of a
 *   second time so, once secrets were looked for in what the page has made of it
 */
function tellDocument(observer, left) {
  const at = natives.now();
  const since = observer.now();
  let isTold = false;
  let url = "";
  /** @type {import("./words.js").Source | null} */
  let sent = null;
  const tellSource = () => {
    if (!sent || !isTold || isGradio()) return;
    const { text, headers = [] } = sent;
    sent = null;
    observer.add({ t: "response", id: "d0", status: statusOf(), headers, url }, since);
    observer.add({ t: "done", id: "d0", body: textBody(text) }, since);
  };
  const statusOf = () => Number(/** @type {any} */ (performance.getEntriesByType("navigation")[0])?.responseStatus) || 200;
  const tell = () => {
    if (isTold || own(document, "readyState") === "loading") return;
    isTold = true;
    if (isGradio()) return;
    url = addressOf(location.href);
    const [entry] = /** @type {any[]} */ (performance.getEntriesByType("navigation"));
    const isNavigated = entry?.type === "navigate" || entry?.type === undefined;
    const how = isNavigated ? "document" : "reload";
    // What a link led to may have done something before it led on to here.
    const asked = isNavigated && entry?.redirectCount && left?.url ? addressOf(left.url) : "";
    /** @type {import("./words.js").Request_ & {at: number}} */
    const request = { t: "request", id: "d0", method: "GET", url: asked || url, how, headers: [], at };
    if (left && isNavigated) {
      request.left = left.page;
      if (left.act) request.act = left.act;
      if (left.form) request.form = left.form;
    }
    observer.add(request, since);
    const type = own(document, "contentType");
    observer.add({ t: "response", id: "d0", status: statusOf(), headers: [["content-type", type]], url }, since);
    const text = /html/.test(type) ? own(document, "documentElement")?.outerHTML ?? "" : own(document, "body")?.textContent ?? "";
    const body = text.length > DOCUMENT_LIMIT ? lostBody("too_large", text.length) : textBody(text);
    observer.add({ t: "done", id: "d0", body }, since);
    tellSource();
  };
  if (own(document, "readyState") !== "loading") tell();
  else listen(document, "readystatechange", tell);
  return (source) => {
    sent = source;
    tellSource();
  };
}
