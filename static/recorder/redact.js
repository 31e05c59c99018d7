import { natives, randomId } from "./natives.js";

/** @typedef {(type: string, fields: Record<string, unknown>) => void} Report */

const HEADER = /^(proxy-)?authorization$|^(set-)?cookie$|csrf|xsrf|api-?key|token|secret|password/i;
const KEY = /^(x-)?(.*[-_.])?(pass(word|wd|phrase)?|pwd|secret|client_?secret|api_?key|apikey|access_?key|private_?key|(access|refresh|id|auth|bearer|session|csrf|xsrf)?_?token|authorization|credential|saml(request|response)|otp|pin_?code)$/i;
/** Gradio's own names, which are no secrets and which the calls cannot do without. */
const PLAIN = new Set(["session_hash", "event_id", "fn_index", "trigger_id", "upload_id", "max_tokens", "n_tokens"]);
const NONCE_KEY = "api-recorder-nonce";

/** @type {Map<string, string>} value to placeholder */
const placeholders = new Map();
/** @type {Map<string, {name: string, hint: string}>} */
const declared = new Map();
/** @type {Set<string>} */
const typed = new Set();
/** @type {Set<string>} */
const taken = new Set();
let nonce = "";

/** @returns {string} */
function placeholderNonce() {
  if (nonce) return nonce;
  try {
    nonce = sessionStorage.getItem(NONCE_KEY) ?? "";
    if (!/^[0-9a-f]{16}$/.test(nonce)) {
      nonce = randomId(8);
      sessionStorage.setItem(NONCE_KEY, nonce);
    }
  } catch {
    nonce = randomId(8);
  }
  return nonce;
}

/**
 * The placeholder of a secret, the same for the same value.
 * @param {string} value
 * @param {string} name
 * @param {string} hint
 * @returns {string}
 */
function placeholderFor(value, name, hint) {
  const known = placeholders.get(value);
  if (known) return known;
  const stem = `RECORDER_SECRET_${name.toUpperCase().replace(/[^A-Z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 40) || "VALUE"}`;
  let unique = stem;
  for (let n = 2; taken.has(unique); n++) unique = `${stem}_${n}`;
  taken.add(unique);
  const placeholder = `[recorder-secret:${placeholderNonce()}:${unique}]`;
  placeholders.set(value, placeholder);
  declared.set(placeholder, { name: unique, hint });
  return placeholder;
}

/**
 * Every secret so far, for a recording that begins.
 * @returns {{placeholder: string, name: string, hint: string}[]}
 */
export function declaredSecrets() {
  return Array.from(declared, ([placeholder, { name, hint }]) => ({ placeholder, name, hint }));
}

/** Remembers what is typed into password fields, from where it may go anywhere. */
export function watchPasswords() {
  const onInput = (/** @type {Event} */ event) => {
    const field = event.composedPath()[0];
    if (!(field instanceof HTMLInputElement) || field.type !== "password" || field.value.length < 4) return;
    const label = field.labels?.[0]?.textContent ?? field.getAttribute("aria-label") ?? field.name;
    const name = (label || "password").replace(/\s+/g, " ").trim().slice(0, 40);
    for (const old of typed) {
      // The letters typed on the way are no secrets of their own.
      if (field.value.startsWith(old) || old.startsWith(field.value)) typed.delete(old);
    }
    typed.add(field.value);
    pendingNames.set(field.value, name);
  };
  window.addEventListener("input", onInput, { capture: true, passive: true });
  window.addEventListener("change", onInput, { capture: true, passive: true });
}

/** @type {Map<string, string>} */
const pendingNames = new Map();

/**
 * Text with every secret that was typed or seen replaced, also where JSON or a URL spells it otherwise.
 * @param {string} text
 * @returns {string}
 */
function scrub(text) {
  let clean = text;
  // A short value is as likely a word of the app's as the secret again.
  const long = Array.from(placeholders.keys()).filter((value) => value.length >= 8);
  for (const value of new Set([...typed, ...long])) {
    for (const spelled of new Set([value, natives.stringify(value).slice(1, -1), encodeURIComponent(value)])) {
      if (spelled.length >= 4 && clean.includes(spelled)) {
        const name = pendingNames.get(value) ?? "password";
        clean = clean.split(spelled).join(placeholderFor(value, name, "typed into a password field"));
      }
    }
  }
  return clean;
}

/**
 * @param {unknown} value
 * @returns {boolean} whether anything was replaced
 */
function scrubKeys(value) {
  let changed = false;
  if (Array.isArray(value)) {
    for (const item of value) changed = scrubKeys(item) || changed;
  } else if (value && typeof value === "object") {
    const record = /** @type {Record<string, unknown>} */ (value);
    for (const [key, item] of Object.entries(record)) {
      if (typeof item === "string" && item.length >= 4 && KEY.test(key) && !PLAIN.has(key)) {
        record[key] = placeholderFor(item, key, `a value named ${key}`);
        changed = true;
      } else changed = scrubKeys(item) || changed;
    }
  }
  return changed;
}

/**
 * @param {string} url
 * @returns {string}
 */
function scrubUrl(url) {
  if (!url.includes("?") && !url.includes("@") && !typed.size && !placeholders.size) return url;
  try {
    const parsed = new URL(url);
    const query = parsed.search.slice(1).split("&").map((part) => {
      const [name, value] = part.split("=", 2);
      const key = decodeURIComponent(name ?? "");
      if (!value || value.length < 4 || PLAIN.has(key) || !KEY.test(key)) return part;
      return `${name}=${placeholderFor(decodeURIComponent(value), key, `the query parameter ${key}`)}`;
    });
    const at = url.indexOf("?");
    if (at >= 0) url = url.slice(0, at + 1) + query.join("&") + parsed.hash;
    if (parsed.password) url = url.replace(`:${parsed.password}@`, `:${placeholderFor(parsed.password, "url_password", "the URL")}@`);
  } catch {
    // Not a URL: text like any other.
  }
  return scrub(url);
}

/**
 * @param {any} body
 * @param {boolean} byKey whether names inside JSON count
 * @returns {any}
 */
function scrubBody(body, byKey) {
  if (body?.text) {
    let text = body.text;
    if (byKey && text.length < 4_000_000 && /pass|secret|key|token|auth|credential|saml|otp|pin/i.test(text) && /^\s*[[{]/.test(text)) {
      try {
        const parsed = natives.parse(text);
        // Written again only where it must be: JSON.stringify would not keep every number.
        if (scrubKeys(parsed)) text = natives.stringify(parsed);
      } catch {
        // Not JSON after all.
      }
    } else if (byKey && /^[^\s{[]*=/.test(text) && text.length < 100_000) {
      text = scrubUrl(`http://form/?${text}`).slice("http://form/?".length);
    }
    return { ...body, text: scrub(text) };
  }
  if (body?.parts) {
    const parts = body.parts.map((/** @type {any} */ part) => {
      if (typeof part.value !== "string") return part;
      const named = KEY.test(part.name) && part.value.length >= 4;
      return { ...part, value: named ? placeholderFor(part.value, part.name, `the field ${part.name}`) : scrub(part.value) };
    });
    return { ...body, parts };
  }
  return body;
}

/**
 * An event's fields as they may leave the page.
 * @param {string} type
 * @param {Record<string, any>} fields
 * @returns {Record<string, any>}
 */
export function redact(type, fields) {
  const clean = { ...fields };
  if (clean.url) clean.url = scrubUrl(clean.url);
  if (clean.headers) {
    clean.headers = clean.headers.map((/** @type {[string, string]} */ [name, value]) => {
      if (name.toLowerCase() === "referer") return [name, scrubUrl(value)];
      return HEADER.test(name) && value ? [name, placeholderFor(value, name, `the header ${name}`)] : [name, scrub(value)];
    });
  }
  if (clean.body) clean.body = scrubBody(clean.body, type === "request" || type === "done" || type === "ws_message");
  if (typed.size || placeholders.size) {
    for (const key of ["text", "error", "name", "title", "reason"]) if (clean[key]) clean[key] = scrub(clean[key]);
  }
  return clean;
}
