/**
 * What the page makes itself: random values, digests, signatures, and cookies that it sets. They are told of when a request
 * may carry them, so that a page that makes very many costs nothing.
 */
import { own } from "./elements.js";
import { spoken } from "./exchange.js";
import { after, guarded, natives } from "./natives.js";
import { patch, patchSetter } from "./patching.js";

/** How many of the latest values are remembered until the next request. */
const REMEMBERED = 256;
const RANDOM_BYTES = 64;
const DIGESTED_BYTES = 64 * 1024;

/** @typedef {import("./words.js").Made & {at: number}} Stamped */

export class Making {
  /**
   * @param {(fact: Stamped, since: number) => void} tell
   * @param {() => number} now the page's own sense of time
   */
  constructor(tell, now) {
    this.tell = tell;
    this.now = now;
    /** @type {[Stamped, number][]} */
    this.made = [];
  }

  /** @param {import("./words.js").Made} fact */
  add(fact) {
    this.made.push([{ ...fact, at: natives.now() }, this.now()]);
    if (this.made.length > 2 * REMEMBERED) this.made.splice(0, this.made.length - REMEMBERED);
  }

  flush() {
    if (!this.made.length) return;
    const made = this.made.slice(-REMEMBERED);
    this.made = [];
    for (const [fact, since] of made) this.tell(fact, since);
  }
}

/**
 * @param {Making} making
 * @returns {(() => void)[]}
 */
export function hookMaking(making) {
  /** @param {(result: any, args: any[]) => void} look */
  const looking = (look) => ({
    apply: (/** @type {Function} */ native, /** @type {any} */ self, /** @type {any[]} */ args) => {
      const result = Reflect.apply(native, self, args);
      guarded(look)(result, args);
      return result;
    },
  });
  /**
   * @param {"digest" | "signature"} how
   * @param {number} place of the data among the arguments
   */
  const promised = (how, place) => ({
    apply: (/** @type {Function} */ native, /** @type {any} */ self, /** @type {any[]} */ args) => {
      /** @type {{algorithm: string, of?: string} | undefined} */
      let given;
      // As it is now: the app may write over it while the browser works on its copy.
      guarded(() => void (given = aboutOf(args, place)))();
      const promise = Reflect.apply(native, self, args);
      if (!given) return promise;
      const about = given;
      return after(promise, (/** @type {ArrayBuffer} */ result) => {
        guarded(() => making.add({ t: "made", how, value: hexOf(new Uint8Array(result)), ...about }))();
        return result;
      });
    },
  });
  const { Crypto, SubtleCrypto, Document } = globalThis;
  /** @type {(() => void)[]} */
  const undo = [];
  if (Crypto) {
    const prototype = /** @type {any} */ (Crypto.prototype);
    undo.push(
      patch(prototype, "randomUUID", looking((value) => making.add({ t: "made", how: "uuid", value }))),
      patch(prototype, "getRandomValues", looking((array) => {
        if (array.byteLength > RANDOM_BYTES) return;
        const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
        making.add({ t: "made", how: "random", value: hexOf(bytes) });
      })),
    );
  }
  if (SubtleCrypto) {
    const prototype = /** @type {any} */ (SubtleCrypto.prototype);
    undo.push(patch(prototype, "digest", promised("digest", 1)), patch(prototype, "sign", promised("signature", 2)));
  }
  if (Document) {
    undo.push(
      patchSetter(Document.prototype, "cookie", {
        apply: (native, self, given) => {
          const args = spoken(given, 1);
          const result = Reflect.apply(native, self, args);
          guarded(() => {
            const [, name = "", value = ""] = /^\s*([^=;]*)=([^;]*)/s.exec(`${args[0]}`) ?? [];
            if (name) making.add({ t: "made", how: "cookie", name: name.trim(), value: value.trim() });
          })();
          return result;
        },
      }),
    );
  }
  return undo;
}

/**
 * @param {any[]} args
 * @param {number} place
 * @returns {{algorithm: string, of?: string} | undefined}
 */
function aboutOf(args, place) {
  const [named, key] = args;
  const data = args[place];
  const isView = ArrayBuffer.isView(data);
  if (!isView && !(data instanceof ArrayBuffer)) return undefined;
  // What an app gives as objects of its own is not asked: it would see that somebody did.
  const name = typeof named === "string" ? named : String(Object.getOwnPropertyDescriptor(named, "name")?.value ?? "");
  const hash = place === 2 && key instanceof CryptoKey ? /** @type {any} */ (own(key, "algorithm")).hash?.name : "";
  const algorithm = hash ? `${name}-${hash}` : name;
  if (data.byteLength > DIGESTED_BYTES) return { algorithm };
  const bytes = isView ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
  try {
    return { algorithm, of: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { algorithm };
  }
}

/** @param {Uint8Array} bytes */
function hexOf(bytes) {
  let text = "";
  for (const byte of bytes) text += (byte < 16 ? "0" : "") + byte.toString(16);
  return text;
}
