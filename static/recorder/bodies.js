/**
 * Bodies as facts: text where it is text, the parts of a form, and otherwise the reason why it was not kept.
 */
import { after, listen, natives } from "./natives.js";

/** Bytes of text kept of one body. */
export const TEXT_LIMIT = 32 * 1024 * 1024;
/** Bytes of the files kept of one form. */
const FILES_LIMIT = 16 * 1024 * 1024;

const KEPT = new RegExp(
  "^(?:text/(?!css|javascript|ecmascript)|application/(?:json|xml|x-www-form-urlencoded|graphql)\\b|(?!image/)[\\w.-]+/[\\w.+-]+\\+(?:json|xml))",
  "i",
);
const STREAMED = /^(?:text\/event-stream|application\/(?:(?:x-)?(?:ndjson|jsonl|jsonlines)|json-seq|stream\+json))/i;

/**
 * Whether a body of this content type is text worth keeping: data, not the code, fonts and pictures of the app.
 * @param {string | null} type
 */
export function isText(type) {
  return type !== null && (KEPT.test(type) || STREAMED.test(type));
}

/**
 * Whether a response of this content type is made of messages that each matter when they arrive.
 * @param {string | null} type
 */
export function isStreamed(type) {
  return type !== null && STREAMED.test(type);
}

/**
 * @param {string} text
 * @returns {import("./words.js").Body}
 */
export function textBody(text) {
  return text.length > TEXT_LIMIT ? { kind: "lost", reason: "too_large", size: text.length } : { kind: "text", text };
}

/**
 * @param {import("./words.js").LostReason} reason
 * @param {number | null} [size]
 * @returns {import("./words.js").Body}
 */
export function lostBody(reason, size) {
  return size === undefined || size === null ? { kind: "lost", reason } : { kind: "lost", reason, size };
}

/**
 * A decoder for a content type's charset.
 * @param {string | null} type
 */
export function decoderFor(type) {
  const charset = /;\s*charset="?([\w-]+)/i.exec(type ?? "")?.[1];
  try {
    return new TextDecoder(charset ?? "utf-8");
  } catch {
    return new TextDecoder();
  }
}

/**
 * What `fetch` or a socket was given to send, without taking anything from it.
 * @param {unknown} body
 * @param {string | null} type the content type that goes with it, if the app named one
 * @returns {import("./words.js").Body | Promise<import("./words.js").Body>}
 */
export function describeSent(body, type) {
  if (body === null || body === undefined) return {};
  if (typeof body === "string") return textBody(body);
  if (body instanceof URLSearchParams) return formBody(body);
  if (body instanceof FormData) return formBody(body);
  if (body instanceof Blob) {
    if (!isText(type ?? body.type)) return binaryBody(body);
    if (body.size > TEXT_LIMIT) return lostBody("too_large", body.size);
    const text = /** @type {Promise<string>} */ (Reflect.apply(natives.blobText, body, []));
    return after(text, textBody, () => lostBody("unreadable", body.size));
  }
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
    if (!isText(type)) return binaryBody(new Blob([/** @type {ArrayBuffer} */ (body)], { type: type ?? "" }));
    if (body.byteLength > TEXT_LIMIT) return lostBody("too_large", body.byteLength);
    return textBody(decoderFor(type).decode(body));
  }
  if (body instanceof ReadableStream) return lostBody("unreadable");
  return textBody(String(body));
}

/**
 * The content type that the browser gives a body of its own accord; empty for plain text and for none.
 * @param {unknown} body
 */
export function typeOf(body) {
  if (body instanceof URLSearchParams) return "application/x-www-form-urlencoded";
  if (body instanceof FormData) return "multipart/form-data";
  return body instanceof Blob ? body.type : "";
}

/**
 * A body of bytes, as one part without a name. To Gradio it is an upload like those in forms.
 * @param {Blob} blob
 * @returns {import("./words.js").Body | Promise<import("./words.js").Body>}
 */
function binaryBody(blob) {
  if (isGradio() || blob.size > FILES_LIMIT) return lostBody("binary_not_kept", blob.size);
  const { size, type } = blob;
  const name = blob instanceof File ? blob.name : "";
  return after(dataUrl(blob), (value) => ({ kind: "parts", parts: [{ name: "", filename: name, size, type, value }] }));
}

/** Whether the page is Gradio's, whose app says of itself what other pages must be asked for. */
export function isGradio() {
  return "gradio_config" in globalThis;
}

/**
 * The body of a `Request`, read through a clone.
 * @param {Request} request
 * @returns {import("./words.js").Body | Promise<import("./words.js").Body>}
 */
export function describeRequest(request) {
  if (request.method === "GET" || request.method === "HEAD" || request.body === null) return {};
  if (request.bodyUsed) return lostBody("unreadable");
  const type = request.headers.get("content-type");
  const isForm = /^multipart\/form-data|^application\/x-www-form-urlencoded/i.test(type ?? "");
  if (!isForm && !isText(type)) return lostBody("binary_not_kept");
  /** @type {Request} */
  const clone = Reflect.apply(natives.cloneRequest, request, []);
  const unreadable = () => lostBody("unreadable");
  return isForm ? after(clone.formData(), formBody, unreadable) : after(clone.text(), textBody, unreadable);
}

/**
 * The fields of a form. Files are part of a call, and nobody could be asked for them later; but files alone are an upload
 * to Gradio, which keeps what it wants of them.
 * @param {URLSearchParams | FormData} form
 * @returns {import("./words.js").Body | Promise<import("./words.js").Body>}
 */
function formBody(form) {
  /** @type {import("./words.js").Part[]} */
  const parts = [];
  /** @type {[import("./words.js").Part, Blob][]} */
  const files = [];
  let size = 0;
  let fileSize = 0;
  form.forEach((value, name) => {
    if (typeof value === "string") {
      size += value.length;
      parts.push({ name, value });
    } else {
      const part = { name, filename: value.name, size: value.size, type: value.type };
      fileSize += value.size;
      parts.push(part);
      files.push([part, value]);
    }
  });
  if (size > TEXT_LIMIT) return lostBody("too_large", size);
  /** @type {import("./words.js").Body} */
  const body = { kind: "parts", parts };
  if (files.length === 0 || (isGradio() && files.length === parts.length) || fileSize > FILES_LIMIT) return body;
  const reading = files.map(([part, file]) => after(dataUrl(file), (url) => void (url && (part.value = url))));
  return after(Promise.all(reading), () => body);
}

/**
 * A file as a `data:` URL; empty if it cannot be read.
 * @param {Blob} file
 * @returns {Promise<string>}
 */
export function dataUrl(file) {
  return new Promise((done) => {
    const reader = new natives.FileReader();
    listen(reader, "loadend", () => done(typeof reader.result === "string" ? reader.result : ""));
    Reflect.apply(natives.readAsDataURL, reader, [file]);
  });
}
