/**
 * One exchange with the app as facts: its address, its headers, and the request that goes before everything else of it.
 */
import { kindHere } from "./kinds.js";
import { own } from "./elements.js";
import { after, guarded, natives } from "./natives.js";
import { OURS } from "./words.js";

/** How far the clocks of a page and of the recorder may be apart. */
export const CLOCK_MS = 100;

/**
 * @typedef {object} Observer
 * @property {() => number} now the moment, to be handed back with what began at it
 * @property {(fact: import("./words.js").Fact, since?: number) => void} add
 * @property {() => string | undefined} act the act that can have caused what happens now
 * @property {() => void} flush tells of what has been going on and may be in what is about to leave the page
 *
 * @typedef {{method: string, url: string, how?: string, headers: import("./words.js").Pairs}} Opening
 * @typedef {{last: number, letter?: string}} Counter what requests are numbered by, behind a letter
 * @typedef {{id: string, add: (fact: import("./words.js").Fact & {at?: number}) => void}} Exchange
 */

/**
 * Tells that a request leaves the page. A body that must be awaited holds back the facts that follow it, so that they
 * keep their order.
 * @param {Observer} observer
 * @param {Counter} counter
 * @param {Opening} opening
 * @param {import("./words.js").Body | Promise<import("./words.js").Body>} body
 * @returns {Exchange} what tells the rest of it
 */
export function announce(observer, counter, opening, body) {
  observer.flush();
  const id = `${counter.letter ?? "r"}${++counter.last}`;
  const since = observer.now();
  const at = natives.now();
  const act = observer.act();
  /** @param {import("./words.js").Body} sent */
  const begin = (sent) => {
    const headers = kindHere().describesItself ? opening.headers : [...opening.headers, ...submittedTwice(opening, sent)];
    /** @type {import("./words.js").Request_ & {at: number}} */
    const fact = { t: "request", id, ...opening, headers, at };
    if (sent.kind) fact.body = sent;
    if (act) fact.act = act;
    observer.add(fact, since);
  };
  let told = Promise.resolve();
  let isTold = false;
  if (body instanceof Promise) {
    told = after(body, guarded((sent) => (begin(sent), (isTold = true))));
  } else {
    begin(body);
    isTold = true;
  }
  /** @param {import("./words.js").Fact & {at?: number}} fact */
  const add = (fact) => {
    const stamped = { at: natives.now(), ...fact };
    if (isTold) observer.add(stamped, since);
    else told = after(told, guarded(() => observer.add(stamped, since)));
  };
  return { id, add };
}

/** The shortest cookie that can be there to be sent a second time. */
const COOKIE_LENGTH = 8;

/**
 * The cookies whose values the request also carries elsewhere, as a `Cookie` header: what guards an app against forged
 * requests is often sent so. No other cookie is looked at.
 * @param {Opening} opening
 * @param {import("./words.js").Body} sent
 * @returns {import("./words.js").Pairs}
 */
function submittedTwice(opening, sent) {
  // A worker has no document, and cannot read its cookies.
  const cookies = globalThis.document ? own(document, "cookie") : "";
  if (!cookies) return [];
  const values = [...opening.headers.map(([, value]) => value), sent.text ?? "", ...(sent.parts ?? []).map(({ value }) => value ?? "")];
  return cookies.split("; ").flatMap((cookie) => {
    const [name = "", value = ""] = cookie.split(/=(.*)/s);
    const isSent = value.length >= COOKIE_LENGTH && values.some((each) => each.includes(value) || each.includes(unquoted(value)));
    return isSent ? [/** @type {[string, string]} */ (["cookie", `${name}=${unquoted(value)}`])] : [];
  });
}

/** @param {string} value */
function unquoted(value) {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/**
 * Arguments of which the first ones, that a native makes strings of, are strings: each object says once what it is, to us
 * and to the native alike. What one throws, the native throws in its own way.
 * @param {any[]} args
 * @param {number} count
 */
export function spoken(args, count) {
  const said = [...args];
  for (let place = 0; place < Math.min(count, args.length); place++) {
    if (Object(args[place]) !== args[place]) continue;
    try {
      said[place] = `${args[place]}`;
    } catch (error) {
      said[place] = { toString: () => { throw error; } };
      break;
    }
  }
  return said;
}

/**
 * The absolute URL without its fragment; empty if it is none of the app's traffic: our own, or not of the network.
 * @param {string | URL} url
 */
export function addressOf(url) {
  const address = new URL(url, globalThis.document ? own(document, "baseURI") : location.href);
  if (!/^(?:https?|wss?):$/.test(address.protocol)) return "";
  if (address.host === location.host && address.pathname.includes(OURS)) return "";
  address.hash = "";
  return address.href;
}

/**
 * A method as it is sent: the usual ones in capitals, others as they are.
 * @param {unknown} given
 */
export function methodOf(given) {
  const named = String(given);
  return /^(?:get|head|post|put|delete|options)$/i.test(named) ? named.toUpperCase() : named;
}

/** @param {unknown} error */
export function wordsOf(error) {
  try {
    return error instanceof Error || error instanceof DOMException ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "error";
  }
}

/**
 * @param {HeadersInit | null | undefined} given
 * @returns {[string, string][]}
 */
export function headersOf(given) {
  /** @type {[string, string][]} */
  const headers = [];
  // An iterator could be walked only once, and that is the native's to do.
  if (!given || (Symbol.iterator in given && !(given instanceof natives.Headers) && !Array.isArray(given))) return headers;
  const whole = given instanceof natives.Headers ? given : new natives.Headers(given);
  Reflect.apply(natives.headersForEach, whole, [(/** @type {string} */ value, /** @type {string} */ name) => headers.push([name, value])]);
  return headers;
}
