/**
 * Secrets out, before anything is remembered or sent: each value becomes a placeholder that stays the same in this tab,
 * so that a later call that uses an earlier answer can still be recognised.
 *
 * A value is secret by the name it goes by (a header, a field, a query parameter), because it was typed into a password
 * field, or by its own shape, whatever it is called and wherever it stands; what was typed, and long ones of the others,
 * are then replaced wherever they occur.
 */
import { attribute, own, textOf } from "./elements.js";
import { natives } from "./natives.js";
import POLICY from "./policy.json" with { type: "json" };

/** @param {string} source @param {string} [flags] */
const rule = (source, flags = "i") => new RegExp(source, flags);
const NAMES = {
  strong: rule(POLICY.names.strong),
  short: rule(POLICY.names.short),
  digits: rule(POLICY.names.digits),
  weak: rule(POLICY.names.weak),
  inQuery: rule(POLICY.names.weak_in_query),
  inForm: rule(POLICY.names.weak_in_form),
  never: rule(POLICY.names.never),
  meta: rule(POLICY.names.meta),
};
/** What guards forms against being sent from elsewhere. */
const FORGERY = rule(POLICY.names.form_guard);
const SECRET_HEADER = rule(POLICY.headers);
const NEVER_HEADER = rule(POLICY.headers_never);
const RANDOM = POLICY.random.map((source) => rule(source, ""));
const WORDS = rule(POLICY.words);
/** What comes by mail and is good for a login: `/reset/<it>`. */
const AUTH_PATH = rule(POLICY.paths, "gi");
/** Keys and tokens that say by their shape what they are. What could be a piece of base64 must stand alone. */
const SHAPES = POLICY.shapes.map(([name = "", source = ""]) => ({ name, pattern: rule(source, "g") }));
const ANY_SHAPE = rule(POLICY.shapes.map(([, source]) => source).join("|"), "");
const PLACES = POLICY.places.map(([name = "", decode = "", source = ""]) => ({ name, decode, pattern: rule(source, "gi") }));
const FIELDS = POLICY.fields.map(([kind = "", decode = "", source = ""]) => ({ kind, decode, pattern: rule(source, "gi") }));
const FILE_NAME = rule(POLICY.files.names);
const FILE_TEXT = rule(POLICY.files.text);
/** Whether a text can hold a field of a secret's name at all. */
const HINT = /pass|pwd|pw|secret|token|key|auth|cred|pin|cv[vc]|card|ssn|social|otp|code|mnemonic|phrase|jwt|bearer|sig|hmac|assert|connection|dsn|sas|sid|session|ticket|contrase|kennwort|woord|:\/\//i;
const CARD = /(?<![\w.+-])(?:\d[ -]?){12,18}\d(?![\w-])/g;
/** What a script of the page is given to send: `csrfToken = "…"`. */
const INLINE_TOKEN = /(([\w$-]*(?:csrf|xsrf|token|nonce)[\w$-]*)["']?\s*[:=]\s*["'])([\w.~+/=:-]{8,400})(?=["'])/gi;
const HTML_FIELD = /<(?:input|meta)\b[^>]{0,20000}>/gi;
/** A piece of what a language model writes, which is called a token too. */
const WRITTEN = /^[^A-Za-z0-9]*(?:[A-Za-z]{0,15}|\d{1,4})[^A-Za-z0-9]*$/;
/** What follows a token that is a word of a highlighted text. */
const HIGHLIGHT = /^\s*,\s*\\?"class_or_confidence\\?"/;
/** A key of JSON, or of JSON within JSON. */
const JSON_KEY = /(\\?)"([\w.$:[\]*\u00c0-\u024f-]{1,80})\1"\s*:\s*/g;
const JSON_LEAF = /(\\?)"((?:[^"\\]|\\[^"])*?)\1"(\s*:)?/g;
const QUERY_FIELD = /([?&;#]|^)([^=&#?;\s]{1,120})=([^&#;\s]*)/g;
/** An OAuth answer: its code and state are secrets only together. */
const OAUTH = /[?&#](?:code=.*[?&#]state=|state=.*[?&#]code=)/;
const LARGEST_OBJECT = 20_000;

/** How long a value must be to be replaced wherever it occurs: shorter ones would hit other text. */
const TYPED_LENGTH = 4;
const SAID_LENGTH = 8;
const PLACEHOLDER = /(\[recorder-secret:[0-9a-f]{16}:[A-Z0-9_]+\])/;
const STORE = "api-recorder:secrets";
/** How many of the typed values are remembered that are no secrets so far. */
const CLEAR_VALUES = 1000;

/** @typedef {{nonce: string, names: Record<string, string>}} Stored */

export class Redactor {
  /**
   * @param {(fact: import("./words.js").Secret) => void} tell
   * @param {import("./words.js").Secrets} [more] what a person says is secret, too
   * @param {string} [salt] the same in all documents of a run
   */
  constructor(tell, more = { names: [], patterns: [] }, salt = "") {
    this.tell = tell;
    this.salt = salt;
    const written = (/** @type {string} */ name) => name.replace(/[.]/g, "\\.").replace(/\*+/g, "[\\w.-]{0,60}");
    const names = more.names.map(written).join("|");
    /** What a person calls secret. */
    this.named = names ? new RegExp(`^(?:${names})$`, "i") : null;
    this.shaped = more.patterns.length ? new RegExp(more.patterns.map((pattern) => `(?:${pattern})`).join("|"), "g") : null;
    /** @type {Map<string, string>} */
    this.normal = new Map();
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
    /** @type {Map<HTMLInputElement, string>} what is in the password fields, however short */
    this.passwords = new Map();
    /** Whether the text is the source of a program, in which words stand under every name. */
    this.isProgram = false;
    /** @type {Set<string>} what was told in clear that the person had typed, and may turn out to be secret */
    this.clear = new Set();
    // The browser keeps this one up to date: to search for them at each fact takes long in a large page.
    this.inputs = /** @type {HTMLCollectionOf<HTMLInputElement>} */ (Reflect.apply(own(document, "getElementsByTagName"), document, ["input"]));
    this.cookie = "";
    /** @type {[string, string][]} cookies that look as nobody had thought of them, and may stand elsewhere */
    this.cookies = [];
  }

  /**
   * A password field was seen with what is in it now.
   * @param {HTMLInputElement} input
   * @param {boolean} isFinal whether the person is done with it
   */
  watch(input, isFinal) {
    const value = own(input, "value");
    this.passwords.set(input, value);
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
    for (const name of ["name", "locator", "protocol"]) {
      if (typeof kept[name] === "string") kept[name] = this.cleanText(kept[name]);
    }
    if (fact.t === "typed") this.cleanTyped(kept);
    if (fact.t === "made") {
      kept.value = this.cleanPart({ name: fact.name ?? "", value: fact.value }).value;
      if (fact.of) kept.of = this.cleanText(this.cleanJson(fact.of, true));
    }
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
      this.isProgram = fact.t === "done" && isProgram(kept.body.text);
      const isForm = isRequest && /urlencoded/i.test(headerOf(fact.headers, "content-type"));
      const text = isForm ? this.cleanQuery(kept.body.text, true) : this.cleanJson(kept.body.text, isRequest || fact.sent === true);
      kept.body = { ...kept.body, text: this.cleanText(text) };
      this.isProgram = false;
    }
    if (kept.body?.parts) kept.body = { ...kept.body, parts: kept.body.parts.map(this.cleanPart, this) };
    return kept;
  }

  /**
   * What a control holds, by its field's name.
   * @param {any} fact a copy, which is changed
   */
  cleanTyped(fact) {
    const { value, field = "", label = "", shown } = fact;
    // A short password is not replaced in other texts, but it is one here.
    const isPassword = value && [...this.passwords.values()].includes(value);
    const known = value.length >= TYPED_LENGTH ? this.placeholders.get(value) : undefined;
    if (isPassword) fact.value = this.secret(value, field || label || "PASSWORD", "typed into a password field", Infinity);
    else fact.value = known ?? this.cleanPart({ name: field, value }).value;
    if (shown) fact.shown = fact.value === value ? this.cleanText(shown) : this.cleanText(shown.split(value).join(fact.value));
    if (label) fact.label = this.cleanText(label);
    if (value && fact.value === value) {
      if (this.clear.size >= CLEAR_VALUES) this.clear.clear();
      this.clear.add(value);
    }
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  cleanHeader(name, value) {
    const [, cookie, given = ""] = (/^cookie$/i.test(name) && /^([^=;]*)=([^;]*)$/.exec(value)) || [];
    if (cookie !== undefined) return `${cookie}=${this.secret(given, cookie, `cookie ${cookie}`, SAID_LENGTH)}`;
    const isNamed = (SECRET_HEADER.test(name) && !NEVER_HEADER.test(name)) || this.named?.test(name);
    if (!isNamed) return this.cleanText(/^(?:referer|location)$/i.test(name) ? this.cleanPath(this.cleanQuery(value)) : value);
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
    if (part.filename !== undefined) {
      if (value && this.holdsSecrets(part.filename, value)) delete kept.value;
      return { ...kept, filename: this.cleanText(part.filename) };
    }
    if (value && this.isSecret(name, value, "form")) kept.value = this.secret(value, name, `field ${name}`, SAID_LENGTH);
    else if (value) kept.value = this.cleanText(this.cleanJson(value, true));
    return kept;
  }

  /**
   * HTML, what a form or the page's head holds under the name of a secret replaced.
   * @param {string} text
   */
  cleanHtml(text) {
    text = text.replace(INLINE_TOKEN, (whole, lead, name, value) => {
      if (NAMES.never.test(this.plain(name)) || isPlaceholder(value)) return whole;
      return `${lead}${this.secret(value, name, `field ${name}`, SAID_LENGTH)}`;
    });
    return text.replace(HTML_FIELD, (tag) => {
      const name = attributeOf(tag, "name");
      const [, lead = "", value = ""] = /(\s(?:value|content)=")([^"]*)"/i.exec(tag) ?? [];
      if (!value || !(FORGERY.test(name) || this.isSecret(name, unescapedHtml(value), "form"))) return tag;
      const hint = `field ${name}`;
      return tag.replace(`${lead}${value}"`, () => `${lead}${this.secret(unescapedHtml(value), name, hint, SAID_LENGTH)}"`);
    });
  }

  /**
   * A URL or form body, its secret parameters replaced.
   * @param {string} text
   * @param {boolean} [isForm]
   */
  cleanQuery(text, isForm = false) {
    if (!text.includes("=")) return text;
    const isOauth = OAUTH.test(text);
    return text.replace(QUERY_FIELD, (whole, lead, key, value) => {
      const name = decoded(key);
      const isSecret = FORGERY.test(name) || this.isSecret(name, decoded(value), isForm ? "form" : "query") || (isOauth && /^(?:code|state)$/.test(name));
      if (!value || !isSecret) return whole;
      return `${lead}${key}=${this.secret(decoded(value), name, `parameter ${name}`, SAID_LENGTH)}`;
    });
  }

  /**
   * An address, what in its path is good for a login replaced.
   * @param {string} text
   */
  cleanPath(text) {
    return text.replace(AUTH_PATH, (whole, word, between, value, at) => {
      const secret = decoded(value);
      if (!isRandom(secret) || isData(text, at)) return whole;
      return `/${word}/${between}${this.secret(secret, word, `path after ${word}`, SAID_LENGTH)}`;
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
    JSON_KEY.lastIndex = 0;
    for (let found = JSON_KEY.exec(text); found; found = JSON_KEY.exec(text)) {
      const [whole, escape = "", name = ""] = found;
      const start = found.index + whole.length;
      const end = endOfValue(text, start, escape);
      const at = text[start];
      if (end <= start && (at === "{" || at === "[")) {
        const close = this.isStrong(name) ? endOfObject(text, start) : start;
        if (close <= start) continue;
        const inside = text.slice(start, close);
        if (/"(?:type\\?"\s*:\s*\\?"(?:string|object|integer|number|boolean|array|null)|\$ref)\\?"/.test(inside)) continue;
        out += text.slice(from, start) + this.cleanObject(inside, name, isSent);
        from = close;
        JSON_KEY.lastIndex = close;
        continue;
      }
      if (end <= start) continue;
      if (/^token$/i.test(name) && HIGHLIGHT.test(text.slice(end, end + 40))) continue;
      const quote = `${escape}"`;
      const isQuoted = text.startsWith(quote, start);
      const written = isQuoted ? text.slice(start + quote.length, end - quote.length) : text.slice(start, end);
      const value = unescaped(written, escape);
      const isShort = !isQuoted && written.length < (NAMES.digits.test(this.plain(name)) ? 3 : TYPED_LENGTH);
      if (!value || isPlaceholder(value) || isShort) continue;
      if (!this.isSecret(name, value, isSent ? "form" : "json")) continue;
      const everywhere = isSent ? SAID_LENGTH : isRandom(value) ? SAID_LENGTH : Infinity;
      out += text.slice(from, start) + quote + this.secret(value, name, `field ${name}`, everywhere) + quote;
      from = end;
      JSON_KEY.lastIndex = end;
    }
    return from ? out + text.slice(from) : text;
  }

  /**
   * An object or a list under the name of a secret, the texts in it replaced.
   * @param {string} text
   * @param {string} name
   * @param {boolean} isSent
   */
  cleanObject(text, name, isSent) {
    let member = "";
    return text.replace(JSON_LEAF, (whole, escape, written, isKey) => {
      if (isKey) {
        member = written;
        return whole;
      }
      const value = unescaped(written, escape);
      const isMeta = member && NAMES.meta.test(this.plain(member));
      const isWord = WORDS.test(value) || (isMeta && !isRandom(value)) || this.isProse(value);
      if (value.length < TYPED_LENGTH || isWord || isPlaceholder(value) || value.startsWith("[recorder-secret:")) return whole;
      const everywhere = isSent || isRandom(value) ? SAID_LENGTH : Infinity;
      return `${escape}"${this.secret(value, member || name, `inside ${name}`, everywhere)}${escape}"`;
    });
  }

  /**
   * Fields as other syntaxes have them: GraphQL, scripts, XML, YAML, environment files, sentences.
   * @param {string} text
   */
  cleanFields(text) {
    for (const { name, decode, pattern } of PLACES) {
      text = text.replace(pattern, (whole, _lead, _inner, value) => {
        if (isReplaced(value)) return whole;
        return whole.slice(0, whole.length - value.length) + this.secret(decodedBy(decode, value), name, "address", SAID_LENGTH);
      });
    }
    text = this.cleanPath(text);
    if (!HINT.test(text)) return text;
    for (const { kind, decode, pattern } of FIELDS) {
      text = text.replace(pattern, (whole, _lead, name, value) => {
        const plain = decodedBy(decode, value);
        if (isReplaced(value) || (kind !== "pairs" && kind !== "xml" && /\s/.test(plain) && !/phrase|mnemonic/i.test(name))) return whole;
        if (kind === "said" ? plain.length < 3 || WORDS.test(plain) || this.isProse(plain) : !this.isSecret(name, plain, kind === "editor" ? "form" : "text")) return whole;
        const everywhere = isRandom(plain) ? SAID_LENGTH : Infinity;
        return whole.slice(0, whole.length - value.length) + this.secret(plain, name, `field ${name}`, everywhere);
      });
    }
    return text;
  }

  /**
   * Numbers of payment cards, by their check digit.
   * @param {string} text
   */
  cleanCards(text) {
    return text.replace(CARD, (found, at) => {
      if (!isCard(found)) return found;
      const before = text.slice(Math.max(0, at - 20), at);
      const after = text.slice(at + found.length, at + found.length + 3);
      const isBare = /[:[,]\s*$/.test(before) && /^\s*[,}\]]/.test(after) && /^\s*[{[]/.test(text);
      if (isBare && !/"\s*:\s*$/.test(before)) return found;
      const hidden = this.secret(found, "CARD_NUMBER", "number of a card", SAID_LENGTH);
      return isBare ? `"${hidden}"` : hidden;
    });
  }

  /**
   * Whether a file is one that holds secrets: by its name, or by what stands in it.
   * @param {string} filename
   * @param {string} address a `data:` URL
   */
  holdsSecrets(filename, address) {
    if (FILE_NAME.test(filename)) return true;
    const [head = "", data = ""] = address.slice(0, 2_000_000).split(",");
    if (!/;base64$/.test(head)) return FILE_TEXT.test(decoded(data));
    try {
      const text = atob(data);
      return FILE_TEXT.test(text) || ANY_SHAPE.test(text);
    } catch {
      return false;
    }
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
    for (const [name, value] of this.cookies) {
      if (!this.everywhere.has(value) && text.includes(value)) this.replaceEverywhere(value, name, `cookie ${name}`);
    }
    if (ANY_SHAPE.test(text)) {
      for (const { name, pattern } of SHAPES) {
        const hint = `looks like a ${name.toLowerCase().replace("_", " ")}`;
        text = text.replace(pattern, (found, /** @type {any[]} */ ...rest) =>
          isAmongData(text, Number(rest.find((each) => typeof each === "number"))) ? found : this.secret(unescaped(found, ""), name, hint, SAID_LENGTH),
        );
      }
    }
    text = this.cleanCards(this.cleanFields(text));
    if (this.shaped) {
      const { shaped } = this;
      const hide = (/** @type {string} */ found) => (found ? this.secret(found, "VALUE", "as recorder.toml says", SAID_LENGTH) : found);
      // What stands for a secret is not to be taken for one.
      text = text.split(PLACEHOLDER).map((part, place) => (place % 2 ? part : part.replace(shaped, hide))).join("");
    }
    if (this.everywhere.size === 0) return text;
    this.pattern ??= this.compile();
    return text.replace(this.pattern, (form, at) => (form.length < SAID_LENGTH && isAmongData(text, at) ? form : this.forms.get(form) ?? form));
  }

  /**
   * @param {string} name
   * @param {string} value
   * @param {"json" | "form" | "query" | "text"} place
   */
  isSecret(name, value, place) {
    if (this.named?.test(name)) return true;
    const plain = this.plain(name);
    if (NAMES.never.test(plain) || WORDS.test(value) || (place === "json" && plain === "token" && WRITTEN.test(value))) return false;
    if (this.isProse(value)) return false;
    // A label says its own name.
    if (NAMES.strong.test(plain)) return !(place !== "form" && plain.endsWith(this.plain(value)) && !/\d/.test(value));
    if (NAMES.short.test(plain)) return value.length >= 3;
    if (NAMES.digits.test(plain)) return value.length >= 3 && /\d/.test(value) && !/[.,]/.test(value);
    const isWeak = NAMES.weak.test(plain) || (place === "query" && NAMES.inQuery.test(plain)) || (place === "form" && NAMES.inForm.test(plain));
    return isWeak && isRandom(value);
  }

  /**
   * Whether a value in the source of a program is of words.
   * @param {string} value
   */
  isProse(value) {
    return this.isProgram && !/[0-9]/.test(value);
  }

  /** @param {string} name */
  isStrong(name) {
    const plain = this.plain(name);
    return (this.named?.test(name) || NAMES.strong.test(plain) || NAMES.short.test(plain) || NAMES.digits.test(plain)) && !NAMES.never.test(plain);
  }

  /**
   * The last part of a name, as words with underscores: `user[newPassword]` is `new_password`.
   * @param {string} name
   */
  plain(name) {
    const known = this.normal.get(name);
    if (known !== undefined) return known;
    if (this.normal.size > 5000) this.normal.clear();
    const made = plainName(name);
    this.normal.set(name, made);
    return made;
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
      return NAMES.strong.test(form) ? `${literal}(?!\\\\?"\\s*:)` : literal;
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
      /** @type {import("./words.js").Secret} */
      const fact = { t: "secret", placeholder, name: variable, hint };
      if (claims) fact.claims = claims;
      // It may have stood in what the app gave, or in what was typed, before anybody could know.
      if (this.salt && (canBeFound(value) || this.clear.has(value) || this.isOfApp(value))) Object.assign(fact, { digest: digest(this.salt + value), length: value.length, salt: this.salt });
      this.tell(fact);
    }
    if (value.length >= everywhere && !this.everywhere.has(value)) {
      this.everywhere.add(value);
      this.pattern = null;
    }
    return placeholder;
  }

  /**
   * Whether a value was made by a machine, as far as anybody saw: no person typed it into a password field.
   * @param {string} value
   */
  isOfApp(value) {
    if (value.length < 6 || value.length > 4096 || /^\d*$/.test(value) || WORDS.test(value)) return false;
    return ![...this.passwords.values(), ...this.typed.values()].includes(value);
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
    const cookie = own(document, "cookie");
    if (cookie !== this.cookie) {
      this.cookie = cookie;
      const pairs = this.cookie.split("; ").map((pair) => pair.split(/=(.*)/s));
      this.cookies = pairs.flatMap(([name = "", value = ""]) => (isRandom(decoded(value)) ? [[name, decoded(value)]] : []));
    }
    for (const input of this.inputs) if (own(input, "type") === "password" && own(input, "value")) this.watch(input, false);
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

/** @param {string} name */
export function plainName(name) {
  const part = name.split(/[$:.[\]]+/).filter((each) => /[A-Za-z]/.test(each)).at(-1) ?? name;
  return part
    .replace(/^(?:txt|tb|inp|fld|hid|hdn)(?=[A-Z])/, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toLowerCase();
}

/** @param {string} text */
function isProgram(text) {
  return !/^\s*[{[<]/.test(text) && /\bfunction\b|=>/.test(text);
}

/** @param {string} value */
function isRandom(value) {
  return RANDOM.some((pattern) => pattern.test(value));
}

/**
 * Whether a value cannot be guessed from a digest of it.
 * @param {string} value
 */
function canBeFound(value) {
  return value.length <= 4096 && (isRandom(value) || (value.length >= 12 && /\d/.test(value) && /[a-z]/i.test(value)));
}

/** @param {string} value */
function isReplaced(value) {
  return value.includes("[recorder-secret:") || value.includes("recorder-secret%3A");
}

/**
 * @param {string} how
 * @param {string} value
 */
function decodedBy(how, value) {
  return how === "json" ? unescaped(value, "") : how === "url" ? decoded(value) : how === "html" ? unescapedHtml(value) : value;
}

/**
 * Whether digits are those of a payment card. Source: ISO/IEC 7812-1, Annex B.
 * @param {string} text
 */
function isCard(text) {
  const digits = text.replace(/\D/g, "");
  if (!/^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14})$/.test(digits)) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]) * (index % 2 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

/**
 * @param {string} text
 * @param {number} start
 * @returns {number} behind the object or list that begins at `start`; `start` if it has no end nearby
 */
function endOfObject(text, start) {
  let depth = 0;
  let isInside = false;
  const limit = Math.min(text.length, start + LARGEST_OBJECT);
  for (let at = start; at < limit; at++) {
    const character = text[at];
    if (isInside) {
      if (character === "\\" && text[at + 1] !== '"') at += 1;
      else if (character === '"') isInside = false;
    } else if (character === '"') isInside = true;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return start;
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
  const label = attribute(input, "aria-label") || textOf(own(input, "labels")?.[0]);
  return (/[a-z0-9]/i.test(label) ? label : attribute(input, "name") || attribute(input, "id") || attribute(input, "placeholder")) || "PASSWORD";
}

/** Characters of base64 from which they are no address. */
const LONG = 600;

/**
 * Whether a place in a text is inside of bytes in base64, which have slashes as addresses do.
 * @param {string} text
 * @param {number} at
 */
const isData = (text, at) => {
  const before = (/[\w+/=-]*$/.exec(text.slice(Math.max(0, at - LONG), at)) ?? [""])[0];
  const after = (/^[\w+/=-]*/.exec(text.slice(at, at + LONG)) ?? [""])[0];
  return before.length + after.length >= LONG || text.slice(0, at - before.length).endsWith(";base64,");
};

/**
 * Whether there is more of such bytes right before a place: what stands there by chance is no secret.
 * @param {string} text
 * @param {number} at
 */
const isAmongData = (text, at) => at > 0 && /[\w+/=-]/.test(text[at - 1] ?? "") && isData(text, at);

/**
 * How `value` may be written in a body or an address.
 * @param {string} value
 */
function formsOf(value) {
  const json = natives.stringify(value).slice(1, -1);
  const ascii = json.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const forms = [value, json, ascii, natives.stringify(json).slice(1, -1)];
  if (value.length >= 6) {
    try {
      const coded = btoa(String.fromCharCode(...new TextEncoder().encode(value)));
      forms.push(coded, coded.replace(/=+$/, ""), coded.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, ""));
    } catch {
      // Too long to be spelled so.
    }
  }
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
      const isPlain = typeof claim === "number" || (typeof claim === "string" && claim.length <= CLAIM_LENGTH && !ANY_SHAPE.test(claim));
      return isPlain && !OF_THE_TOKEN.test(name) && !NAMES.strong.test(plainName(name));
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
