/**
 * Secrets out, before anything is remembered or sent: each value becomes a placeholder that stays the same in this tab,
 * so that a later call that uses an earlier answer can still be recognised.
 *
 * A value is secret by the name it goes by (a header, a field, a query parameter), because it was typed into a password
 * field, or by its own shape, whatever it is called and wherever it stands; what was typed, and long ones of the others,
 * are then replaced wherever they occur.
 */
import { own } from "./elements.js";
import { natives } from "./natives.js";

const NAME_END =
  "(?:passw(?:or)?d|passphrase|passwort|passcode|pwd|secret|token|(?:api|access|private)[-_.]?key|credentials?|authorization|saml(?:request|response)|client[-_.]?assertion|otp)(?:[-_.]?(?:\\d{1,2}|key|value|hash|new|old|confirm(?:ation)?|repeat|again))?";
const SECRET_NAME = new RegExp(`^[\\w.-]{0,60}?${NAME_END}(?:\\[\\])?$`, "i");
/** Where who somebody is stands, if it looks as if it did: what goes by these names may as well be text. */
const AUTH_END = "(?:\\bauth|[-_.]auth|jwt|bearer|signature|\\bsig|[-_.]sig|passkey|session[-_.]?key)";
const AUTH_NAME = new RegExp(`^[\\w.-]{0,60}?${AUTH_END}$`, "i");
/** What comes by mail and is good for a login: `/reset/<it>`. */
const AUTH_PATH = /\/((?:reset|token|verify|confirm|invit|magic|activat|unsubscribe|password|signin|login)[\w-]*)\/([^/?#\s"']{16,400})(?=[/?#\s"']|$)/gi;
const SECRET_HEADER = /^(?:(?:proxy-)?authorization|(?:set-)?cookie|x-?(?:csrf|xsrf|auth).*|x-api-key|.*token.*|.*secret.*|.*password.*|.*api-?key.*|.*signature.*)$/i;
/** Part of Gradio's protocol, or an address of what is no secret at all. */
const NEVER = /^(?:session_hash|event_id|fn_index|max_(?:new_)?tokens?|pad_token|eos_token|bos_token|stop_token)$/i;
/** What guards forms against being sent from elsewhere. */
const FORGERY = /csrf|xsrf|authenticity|requestverification|^__(?:viewstate|eventvalidation)/i;
/** What a script of the page is given to send: `csrfToken = "…"`. */
const INLINE_TOKEN = /(([\w$-]*(?:csrf|xsrf|token|nonce)[\w$-]*)["']?\s*[:=]\s*["'])([\w.~+/=:-]{8,400})(?=["'])/gi;
const HTML_FIELD = /<(?:input|meta)\b[^>]{0,20000}>/gi;
/** What follows a token that is a word of a highlighted text. */
const HIGHLIGHT = /^\s*,\s*\\?"class_or_confidence\\?"/;
/** The end of a key in JSON, or in JSON within JSON: searched for from there, large texts are passed over quickly. */
const FIELD_END = new RegExp(`(?:${NAME_END}|${AUTH_END})(\\\\?)"\\s*:\\s*`, "gi");
const FIELD_START = /(\\?)"([\w.-]{0,60})$/;
const QUERY_FIELD = /([?&;#]|^)([^=&#?;\s]{1,120})=([^&#;\s]*)/g;
/** An OAuth answer: its code and state are secrets only together. */
const OAUTH = /[?&#](?:code=.*[?&#]state=|state=.*[?&#]code=)/;

/** Keys and tokens that say by their shape what they are. What could be a piece of base64 must stand alone. */
const SHAPES = new RegExp(
  [
    "\\b(?<JWT>eyJ[\\w-]{6,}\\.eyJ[\\w-]{6,}\\.[\\w-]{10,})",
    "\\b(?<API_KEY>sk-(?=[\\w-]*\\d)[\\w-]{32,})",
    "(?<![\\w+/])(?<CLOUD_KEY>AIza[\\w-]{35}|A[KS]IA[0-9A-Z]{16})(?![\\w+/=-])",
    "\\b(?<TOKEN>hf_[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\\w{40,}|glpat-[\\w-]{20,}|xox[abeprs]-[\\w-]{20,})",
    "(?<PRIVATE_KEY>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[^]{20,20000}?-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)",
  ].join("|"),
  "g",
);

/** How long a value must be to be replaced wherever it occurs: shorter ones would hit other text. */
const TYPED_LENGTH = 4;
const SAID_LENGTH = 8;
const TOKEN = /^(?=.*\d)[\w.~+/=:-]{16,}$/;
const PLACEHOLDER = /(\[recorder-secret:[0-9a-f]{16}:[A-Z0-9_]+\])/;
const STORE = "api-recorder:secrets";

/** @typedef {{nonce: string, names: Record<string, string>}} Stored */

export class Redactor {
  /**
   * @param {(fact: import("./words.js").Secret) => void} tell
   * @param {import("./words.js").Secrets} [more] what a person says is secret, too
   */
  constructor(tell, more = { names: [], patterns: [] }) {
    this.tell = tell;
    const written = (/** @type {string} */ name) => name.replace(/[.]/g, "\\.").replace(/\*+/g, "[\\w.-]{0,60}");
    const names = more.names.map(written).join("|");
    // Only where a name ends is searched for: in a long text, a search for its beginning would take for ever.
    const ends = more.names.map((name) => written(name.replace(/^\*+/, ""))).join("|");
    /** What a person calls secret. */
    this.named = names ? new RegExp(`^(?:${names})$`, "i") : null;
    this.shaped = more.patterns.length ? new RegExp(more.patterns.map((pattern) => `(?:${pattern})`).join("|"), "g") : null;
    this.fieldEnd = names ? new RegExp(`(?:${NAME_END}|${AUTH_END}|${ends})(\\\\?)"\\s*:\\s*`, "gi") : FIELD_END;
    /** @type {Stored} */
    this.stored = recall();
    /** @type {Map<string, string>} */
    this.placeholders = new Map();
    /** @type {Set<string>} */
    this.everywhere = new Set();
    /** @type {RegExp | null} */
    this.pattern = null;
    /** @type {Map<string, string>} */
    this.forms = new Map();
    /** @type {Map<HTMLInputElement, string>} */
    this.typed = new Map();
    // The browser keeps this one up to date: to search for them at each fact takes long in a large page.
    this.inputs = /** @type {HTMLCollectionOf<HTMLInputElement>} */ (Reflect.apply(own(document, "getElementsByTagName"), document, ["input"]));
  }

  /**
   * A password field was seen with what is in it now.
   * @param {HTMLInputElement} input
   * @param {boolean} isFinal whether the person is done with it
   */
  watch(input, isFinal) {
    const value = own(input, "value");
    if (value.length < TYPED_LENGTH) return;
    this.typed.set(input, value);
    if (isFinal) this.replaceEverywhere(value, fieldName(input), "typed into a password field");
  }

  /**
   * `fact` without its secrets.
   * @template {import("./words.js").Fact} F
   * @param {F} fact
   * @returns {F}
   */
  clean(fact) {
    this.look();
    return /** @type {F} */ (this.cleanFact(fact));
  }

  /**
   * @param {any} fact
   * @returns {any}
   */
  cleanFact(fact) {
    const kept = { ...fact };
    const isRequest = fact.t === "request";
    for (const name of ["url", "root", "reason", "error", "title"]) {
      if (typeof kept[name] === "string") kept[name] = this.cleanText(this.cleanPath(this.cleanQuery(kept[name])));
    }
    for (const name of ["name", "locator"]) {
      if (typeof kept[name] === "string") kept[name] = this.cleanText(kept[name]);
    }
    if (fact.t === "typed") Object.assign(kept, { value: this.cleanPart({ name: fact.field ?? "", value: fact.value }).value, shown: fact.shown && this.cleanText(fact.shown), label: fact.label && this.cleanText(fact.label) });
    if (fact.t === "made") Object.assign(kept, { value: this.cleanPart({ name: fact.name ?? "", value: fact.value }).value, of: fact.of && this.cleanText(this.cleanJson(fact.of, true)) });
    if (kept.near) kept.near = kept.near.map(this.cleanText, this);
    if (fact.t === "done" && kept.body?.text?.includes("<")) kept.body = { ...kept.body, text: this.cleanHtml(kept.body.text) };
    if (typeof kept.text === "string") kept.text = this.cleanText(this.cleanJson(kept.text, false));
    if (kept.headers) {
      const headers = /** @type {import("./words.js").Pairs} */ (kept.headers);
      // What a cookie holds may stand in any other header too.
      for (const [name, value] of headers) if (/^cookie$/i.test(name)) this.cleanHeader(name, value);
      kept.headers = headers.map(([name, value]) => [name, this.cleanHeader(name, value)]);
    }
    if (kept.body?.text) {
      const isForm = isRequest && /urlencoded/i.test(headerOf(fact.headers, "content-type"));
      const text = isForm ? this.cleanQuery(kept.body.text) : this.cleanJson(kept.body.text, isRequest || fact.sent === true);
      kept.body = { ...kept.body, text: this.cleanText(text) };
    }
    if (kept.body?.parts) kept.body = { ...kept.body, parts: kept.body.parts.map(this.cleanPart, this) };
    return kept;
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  cleanHeader(name, value) {
    const [, cookie, given = ""] = (/^cookie$/i.test(name) && /^([^=;]*)=([^;]*)$/.exec(value)) || [];
    if (cookie !== undefined) return `${cookie}=${this.secret(given, cookie, `cookie ${cookie}`, SAID_LENGTH)}`;
    if (!SECRET_HEADER.test(name) && !this.named?.test(name)) return this.cleanText(/^(?:referer|location)$/i.test(name) ? this.cleanPath(this.cleanQuery(value)) : value);
    // The scheme is no secret, and a script has to write it.
    const [, scheme = "", secret = value] = /^([A-Za-z][\w-]*\s+)?(.*)$/s.exec(value) ?? [];
    // A page that has no token yet sends the scheme alone, or the word for nothing.
    if (/^(?:bearer|basic|token|digest|negotiate|null|undefined)?\s*$/i.test(secret)) return value;
    return secret ? scheme + this.secret(secret, name, `header ${name}`, SAID_LENGTH) : value;
  }

  /** @param {import("./words.js").Part} part */
  cleanPart(part) {
    const { name, value } = part;
    const kept = { ...part };
    if (part.filename !== undefined) return { ...kept, filename: this.cleanText(part.filename) };
    if (value && this.isSecretName(name, value)) kept.value = this.secret(value, name, `field ${name}`, SAID_LENGTH);
    else if (value) kept.value = this.cleanText(this.cleanJson(value, true));
    return kept;
  }

  /**
   * HTML, what a form or the page's head holds under the name of a secret replaced.
   * @param {string} text
   */
  cleanHtml(text) {
    text = text.replace(INLINE_TOKEN, (whole, lead, name, value) => {
      if (NEVER.test(name) || isPlaceholder(value)) return whole;
      return `${lead}${this.secret(value, name, `field ${name}`, SAID_LENGTH)}`;
    });
    return text.replace(HTML_FIELD, (tag) => {
      const name = attributeOf(tag, "name");
      const [, lead = "", value = ""] = /(\s(?:value|content)=")([^"]*)"/i.exec(tag) ?? [];
      if (!value || !(SECRET_NAME.test(name) || FORGERY.test(name)) || NEVER.test(name)) return tag;
      const hint = `field ${name}`;
      return tag.replace(`${lead}${value}"`, () => `${lead}${this.secret(unescapedHtml(value), name, hint, SAID_LENGTH)}"`);
    });
  }

  /**
   * A URL or form body, its secret parameters replaced.
   * @param {string} text
   */
  cleanQuery(text) {
    if (!text.includes("=")) return text;
    const isOauth = OAUTH.test(text);
    return text.replace(QUERY_FIELD, (whole, lead, key, value) => {
      const name = decoded(key);
      const isSecret = this.isSecretName(name, decoded(value)) || (isOauth && /^(?:code|state)$/.test(name));
      if (!value || !isSecret) return whole;
      return `${lead}${key}=${this.secret(decoded(value), name, `parameter ${name}`, SAID_LENGTH)}`;
    });
  }

  /**
   * An address, what in its path is good for a login replaced.
   * @param {string} text
   */
  cleanPath(text) {
    return text.replace(AUTH_PATH, (whole, word, value) => {
      const secret = decoded(value);
      if (!TOKEN.test(secret)) return whole;
      return `/${word}/${this.secret(secret, word, `path after ${word}`, SAID_LENGTH)}`;
    });
  }

  /**
   * JSON text, or text with JSON in it, the values of its secret keys replaced and everything else left as it is.
   * @param {string} text
   * @param {boolean} isSent
   */
  cleanJson(text, isSent) {
    let out = "";
    let from = 0;
    const ends = this.fieldEnd;
    ends.lastIndex = 0;
    for (let found = ends.exec(text); found; found = ends.exec(text)) {
      const [whole, escape = ""] = found;
      const lead = FIELD_START.exec(text.slice(Math.max(from, found.index - 64), found.index));
      if (!lead || lead[1] !== escape) continue;
      const name = lead[2] + whole.slice(0, whole.indexOf(`${escape}"`));
      const start = found.index + whole.length;
      const end = endOfValue(text, start, escape);
      if (end <= start) continue;
      if (/^token$/i.test(name) && HIGHLIGHT.test(text.slice(end, end + 40))) continue;
      const quote = `${escape}"`;
      const isQuoted = text.startsWith(quote, start);
      const written = isQuoted ? text.slice(start + quote.length, end - quote.length) : text.slice(start, end);
      const value = unescaped(written, escape);
      if (!value || isPlaceholder(value) || (!isQuoted && written.length < TYPED_LENGTH)) continue;
      if (!this.isSecretName(name, value)) continue;
      const everywhere = isSent ? SAID_LENGTH : TOKEN.test(value) ? SAID_LENGTH : Infinity;
      out += text.slice(from, start) + quote + this.secret(value, name, `field ${name}`, everywhere) + quote;
      from = end;
      ends.lastIndex = end;
    }
    return from ? out + text.slice(from) : text;
  }

  /**
   * Any text, the values that are secret wherever they occur replaced.
   * @param {string} text
   */
  cleanText(text) {
    for (const [input, value] of this.typed) {
      // Half a password is secret too, if the app sends it while it is being typed.
      if (!this.everywhere.has(value) && formsOf(value).some((form) => text.includes(form))) {
        this.replaceEverywhere(value, fieldName(input), "typed into a password field");
      }
    }
    text = text.replace(SHAPES, (found, ...more) => {
      const groups = /** @type {Record<string, string | undefined>} */ (more[more.length - 1]);
      const name = Object.keys(groups).find((each) => groups[each] !== undefined) ?? "";
      return this.secret(unescaped(found, ""), name, `looks like a ${name.toLowerCase().replace("_", " ")}`, SAID_LENGTH);
    });
    if (this.shaped) {
      const { shaped } = this;
      const hide = (/** @type {string} */ found) => (found ? this.secret(found, "VALUE", "as recorder.toml says", SAID_LENGTH) : found);
      // What stands for a secret is not to be taken for one.
      text = text.split(PLACEHOLDER).map((part, place) => (place % 2 ? part : part.replace(shaped, hide))).join("");
    }
    if (this.everywhere.size === 0) return text;
    this.pattern ??= this.compile();
    return text.replace(this.pattern, (form) => this.forms.get(form) ?? form);
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  isSecretName(name, value) {
    if (this.named?.test(name)) return true;
    if (NEVER.test(name)) return false;
    return SECRET_NAME.test(name) || (AUTH_NAME.test(name) && TOKEN.test(value));
  }

  compile() {
    this.forms.clear();
    for (const value of this.everywhere) {
      for (const form of formsOf(value)) this.forms.set(form, this.placeholders.get(value) ?? "");
    }
    const longestFirst = [...this.forms.keys()].sort((a, b) => b.length - a.length);
    const patterns = longestFirst.map((form) => {
      const literal = form.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
      // A password that is the word for one: where it is a key it is only the word.
      return SECRET_NAME.test(form) ? `${literal}(?!\\\\?"\\s*:)` : literal;
    });
    return new RegExp(patterns.join("|"), "g");
  }

  /**
   * @param {string} value
   * @param {string} name
   * @param {string} hint
   */
  replaceEverywhere(value, name, hint) {
    if (this.everywhere.has(value)) return;
    this.everywhere.add(value);
    this.secret(value, name, hint, Infinity);
    this.pattern = null;
  }

  /**
   * The placeholder of `value`, told about the first time.
   * @param {string} value
   * @param {string} name what it goes by
   * @param {string} hint
   * @param {number} everywhere from which length on it is replaced wherever it occurs
   */
  secret(value, name, hint, everywhere) {
    if (isPlaceholder(value)) return value;
    let placeholder = this.placeholders.get(value);
    if (!placeholder) {
      const variable = this.variable(value, name);
      placeholder = `[recorder-secret:${this.stored.nonce}:${variable}]`;
      this.placeholders.set(value, placeholder);
      const claims = claimsOf(value);
      this.tell(claims ? { t: "secret", placeholder, name: variable, hint, claims } : { t: "secret", placeholder, name: variable, hint });
    }
    if (value.length >= everywhere && !this.everywhere.has(value)) {
      this.everywhere.add(value);
      this.pattern = null;
    }
    return placeholder;
  }

  /**
   * The environment variable for `value`: the same in every document of the tab.
   * @param {string} value
   * @param {string} name
   */
  variable(value, name) {
    const key = digest(this.stored.nonce + value);
    const known = this.stored.names[key];
    if (known) return known;
    const word = name.toUpperCase().replace(/[^A-Z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 40) || "VALUE";
    const taken = new Set(Object.values(this.stored.names));
    let variable = `RECORDER_SECRET_${word}`;
    for (let number = 2; taken.has(variable); number++) variable = `RECORDER_SECRET_${word}_${number}`;
    this.stored.names[key] = variable;
    try {
      sessionStorage.setItem(STORE, natives.stringify(this.stored));
    } catch {
      // Without storage the names hold for this document only.
    }
    return variable;
  }

  /** Password fields may have been filled without a word: by the browser, or by the app. */
  look() {
    for (const input of this.inputs) if (input.type === "password" && input.value) this.watch(input, false);
  }
}

/** @returns {Stored} */
function recall() {
  try {
    const stored = natives.parse(sessionStorage.getItem(STORE) ?? "");
    if (/^[0-9a-f]{16}$/.test(stored.nonce) && typeof stored.names === "object" && stored.names) return stored;
  } catch {
    // None yet.
  }
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return { nonce: [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""), names: {} };
}

/**
 * @param {string} tag
 * @param {string} name
 */
function attributeOf(tag, name) {
  return unescapedHtml(new RegExp(`\\s${name}="([^"]*)"`, "i").exec(tag)?.[1] ?? "");
}

/** @param {string} text */
function unescapedHtml(text) {
  const entities = /** @type {Record<string, string>} */ ({ "&quot;": '"', "&lt;": "<", "&gt;": ">", "&#39;": "'", "&#x27;": "'", "&amp;": "&" });
  return text.replace(/&(?:quot|lt|gt|amp|#39|#x27);/g, (entity) => entities[entity] ?? entity);
}

/** @param {string} text */
function isPlaceholder(text) {
  return /^\[recorder-secret:[0-9a-f]{16}:[A-Z0-9_]+\]$/.test(text);
}

/**
 * 53 bits that tell values apart; a secret itself is never stored.
 * @param {string} text
 */
function digest(text) {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
}

/** @param {HTMLInputElement} input */
function fieldName(input) {
  const label = input.getAttribute("aria-label") || input.labels?.[0]?.textContent?.trim() || "";
  return (/[a-z0-9]/i.test(label) ? label : input.name || input.id || input.placeholder) || "PASSWORD";
}

/**
 * How `value` may be written in a body or an address.
 * @param {string} value
 */
function formsOf(value) {
  const json = natives.stringify(value).slice(1, -1);
  const ascii = json.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const forms = [value, json, ascii, natives.stringify(json).slice(1, -1)];
  try {
    const url = encodeURIComponent(value);
    forms.push(url, url.replace(/%20/g, "+"), new URLSearchParams({ a: value }).toString().slice(2));
    forms.push(url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()));
  } catch {
    // A lone surrogate cannot be written in a URL.
  }
  const entities = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" });
  forms.push(value.replace(/[&<>"']/g, (c) => entities[c] ?? c));
  return forms;
}

/**
 * @param {string} text
 * @param {number} start
 * @param {string} escape the backslash before each quote of a JSON text inside a JSON text
 * @returns {number} behind the string or number that begins at `start`; `start` if there is none
 */
function endOfValue(text, start, escape) {
  const quote = `${escape}"`;
  if (!text.startsWith(quote, start)) {
    const number = /-?\d[\d.eE+-]*/y;
    number.lastIndex = start;
    return number.test(text) ? number.lastIndex : start;
  }
  for (let at = text.indexOf('"', start + quote.length); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === "\\") slashes += 1;
    // In plain JSON an even number does not escape; in JSON within JSON, the one that belongs to the quote.
    if (escape ? slashes % 4 === 1 : slashes % 2 === 0) return at + 1;
  }
  return start;
}

/**
 * @param {string} written
 * @param {string} escape
 */
function unescaped(written, escape) {
  try {
    const once = escape ? String(natives.parse(`"${written}"`)) : written;
    return String(natives.parse(`"${once}"`));
  } catch {
    return written;
  }
}

/** What of a token's claims is of its moment, or names it. */
const OF_THE_TOKEN = /^(?:iat|exp|nbf|jti|sid|nonce|auth_time|\w+_hash)$/;
const CLAIM_LENGTH = 200;

/**
 * What a JWT says of whom it is for, so that a call that uses it can be recognised; undefined for anything else, and
 * without what is secret itself.
 *
 * Source: RFC 7519.
 * @param {string} value
 * @returns {Record<string, string | number> | undefined}
 */
function claimsOf(value) {
  const payload = /^eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]*$/.exec(value)?.[1];
  if (!payload) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
    const said = Object.entries(natives.parse(new TextDecoder().decode(bytes))).filter(([name, claim]) => {
      const isPlain = typeof claim === "number" || (typeof claim === "string" && claim.length <= CLAIM_LENGTH && claim.search(SHAPES) < 0);
      return isPlain && !OF_THE_TOKEN.test(name) && !SECRET_NAME.test(name);
    });
    return said.length ? Object.fromEntries(said) : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch {
    return text;
  }
}

/**
 * @param {import("./words.js").Pairs} headers
 * @param {string} name lower case
 */
function headerOf(headers, name) {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1] ?? "";
}
