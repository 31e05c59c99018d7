/**
 * Bodies as facts: text where it is text, the parts of a form, and otherwise the reason why it was not kept.
 */
import { after, listen, natives } from "./natives.js";
import { kindHere } from "./kinds.js";

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
 * @param {TextDecoderOptions} [options]
 */
export function decoderFor(type, options) {
  const charset = /;\s*charset="?([\w.:-]+)/i.exec(type ?? "")?.[1];
  try {
    return new TextDecoder(charset ?? "utf-8", options);
  } catch {
    return new TextDecoder("utf-8", options);
  }
}

/** Encodings besides UTF-8 in which every text has one spelling. */
const ENCODINGS = /^(?:windows-|iso-8859-|koi8-|ibm866|macintosh|x-mac-|gbk|big5|euc-kr|shift_jis)/;

/**
 * Bytes that are sent, as text in the encoding of their content type; null if they are not text in it.
 * @param {BufferSource} bytes
 * @param {string | null} type
 * @returns {import("./words.js").Body | null}
 */
function textSent(bytes, type) {
  const decoder = decoderFor(type, { fatal: true, ignoreBOM: true });
  try {
    const body = textBody(decoder.decode(bytes));
    if (decoder.encoding === "utf-8" || body.kind !== "text") return body;
    return ENCODINGS.test(decoder.encoding) ? { ...body, charset: decoder.encoding } : null;
  } catch {
    return null;
  }
}

/** Bytes of a compressed body that are unpacked. */
const PACKED_LIMIT = 4 * 1024 * 1024;

/**
 * A body that the page has compressed, unpacked if it is text.
 * @param {Blob} blob
 * @param {string | null} type
 * @param {string} encoding
 * @returns {import("./words.js").Body | Promise<import("./words.js").Body>}
 */
function packedBody(blob, type, encoding) {
  const format = /** @type {CompressionFormat | undefined} */ (/^(gzip|deflate)$/i.exec(encoding.trim())?.[1]?.toLowerCase());
  if (!format || !isText(type) || !natives.DecompressionStream || blob.size > PACKED_LIMIT) return binaryBody(blob);
  const stream = new natives.Response(blob).body?.pipeThrough(new natives.DecompressionStream(format));
  const unpacked = after(new natives.Response(stream).arrayBuffer(), (bytes) => textSent(bytes, type), () => null);
  return after(unpacked, (body) => body ?? binaryBody(blob));
}

/**
 * What `fetch` or a socket was given to send, without taking anything from it.
 * @param {unknown} body
 * @param {string | null} type the content type that goes with it, if the app named one
 * @param {string} [encoding] the content encoding that goes with it
 * @returns {import("./words.js").Body | Promise<import("./words.js").Body>}
 */
export function describeSent(body, type, encoding) {
  if (body === null || body === undefined) return {};
  if (typeof body === "string") return textBody(body);
  if (body instanceof URLSearchParams) return formBody(body);
  if (body instanceof FormData) return formBody(body);
  const isBytes = body instanceof ArrayBuffer || ArrayBuffer.isView(body);
  if (encoding && (isBytes || body instanceof Blob)) {
    return packedBody(new Blob([/** @type {ArrayBuffer} */ (body)], { type: type ?? "" }), type, encoding);
  }
  if (body instanceof Blob) {
    const named = type ?? body.type;
    if (!isText(named)) return binaryBody(body);
    if (body.size > TEXT_LIMIT) return lostBody("too_large", body.size);
    const bytes = /** @type {Promise<ArrayBuffer>} */ (Reflect.apply(natives.blobBuffer, body, []));
    return after(bytes, (read) => textSent(read, named) ?? binaryBody(body), () => lostBody("unreadable", body.size));
  }
  if (isBytes) {
    const binary = () => binaryBody(new Blob([/** @type {ArrayBuffer} */ (body)], { type: type ?? "" }));
    if (!isText(type)) return binary();
    if (body.byteLength > TEXT_LIMIT) return lostBody("too_large", body.byteLength);
    return textSent(/** @type {ArrayBuffer} */ (body), type) ?? binary();
  }
  if (body instanceof ReadableStream) return lostBody("unreadable");
  return textBody(String(body));
}

/**
 * The content type that the browser gives a body of its own accord; empty for bytes and for none.
 * @param {unknown} body
 */
export function typeOf(body) {
  if (body === null || body === undefined || body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return "";
  if (body instanceof URLSearchParams) return "application/x-www-form-urlencoded;charset=UTF-8";
  if (body instanceof FormData) return "multipart/form-data";
  if (body instanceof ReadableStream) return "";
  return body instanceof Blob ? body.type : "text/plain;charset=UTF-8";
}

/**
 * A body of bytes, as one part without a name. An app that keeps uploads takes it as one.
 * @param {Blob} blob
 * @returns {import("./words.js").Body | Promise<import("./words.js").Body>}
 */
function binaryBody(blob) {
  if (kindHere().describesItself || blob.size > FILES_LIMIT) return lostBody("binary_not_kept", blob.size);
  const { size, type } = blob;
  const name = blob instanceof File ? blob.name : "";
  return after(dataUrl(blob), (value) => ({ kind: "parts", parts: [{ name: "", filename: name, size, type, value }] }));
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
  /** @type {Request} */
  const clone = Reflect.apply(natives.cloneRequest, request, []);
  const unreadable = () => lostBody("unreadable");
  const encoding = request.headers.get("content-encoding") ?? "";
  if (encoding || (!isForm && !isText(type))) {
    return after(clone.blob(), (blob) => describeSent(new Blob([blob], { type: type ?? "" }), type, encoding), unreadable);
  }
  return isForm ? after(clone.formData(), formBody, unreadable) : after(clone.text(), textBody, unreadable);
}

/**
 * The fields of a form. Files are part of a call, and nobody could be asked for them later; but files alone are an upload
 * to an app that keeps what it wants of them.
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
  if (files.length === 0 || (kindHere().describesItself && files.length === parts.length) || fileSize > FILES_LIMIT) return body;
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
