/**
 * What only a person may ask for: to record, to change a recording, to replay. The page's scripts share this world and can
 * replace everything in it that is looked up by name. Nothing here is, once the first of them runs: functions are taken
 * from `natives`, lists are walked by their numbers, and the text that leaves is put together out of plain texts.
 */
import { listen, natives } from "./natives.js";

/** How long after an act of the person on something of ours it may still be asked for. */
const GRANT_MS = 5000;
const ACTS = Object.freeze(["click", "keydown", "input", "change"]);
const KINDS = Object.freeze(["toggle", "look", "edit", "again", "take"]);
const MEMBERS = Object.freeze(["on", "target", "what", "call", "input", "name", "path"]);

/**
 * @typedef {object} Control
 * @property {(place: Node) => void} trust takes a place of ours: what the person does in it is an act
 * @property {(message: any) => string} seal the frame that asks for something; empty if no person does
 */

/**
 * @param {string} key what the collector knows this script by
 * @returns {Control}
 */
export function controlWith(key) {
  /** @type {Node[]} */
  const places = [];
  let count = 0;
  let actedAt = -Infinity;
  const acted = (/** @type {Event} */ event) => {
    // Its own, and not to be changed: the browser sets it on events that come of what a person does.
    if (!event.isTrusted) return;
    const path = natives.apply(natives.composedPath, event, []);
    for (let at = 0; at < path.length; at++) {
      for (let number = 0; number < count; number++) {
        if (path[at] === places[number] && isSeen(path[0])) {
          actedAt = natives.now();
          return;
        }
      }
    }
  };
  for (let number = 0; number < ACTS.length; number++) listen(window, ACTS[number] ?? "", acted, { capture: true, passive: true });
  return {
    trust: (place) => {
      natives.defineProperty(places, count, { value: place });
      count += 1;
    },
    seal: (message) => {
      const isAct = message.t === "toggle" || message.t === "edit" || (message.t === "again" && message.on);
      if (isAct && !(natives.now() - actedAt < GRANT_MS)) return "";
      return sealed(message, key);
    },
  };
}

/** @param {EventTarget | undefined} target */
function isSeen(target) {
  if (!natives.checkVisibility || !(target instanceof Element)) return true;
  return natives.apply(natives.checkVisibility, target, [{ opacityProperty: true, visibilityProperty: true }]);
}

/**
 * @param {any} message
 * @param {string} key
 */
function sealed(message, key) {
  let kind = "";
  for (let number = 0; number < KINDS.length; number++) if (KINDS[number] === message.t) kind = KINDS[number] ?? "";
  let text = '{"t":"' + kind + '"';
  for (let number = 0; number < MEMBERS.length; number++) {
    const name = MEMBERS[number] ?? "";
    if (!natives.apply(natives.isOwn, message, [name])) continue;
    const value = message[name];
    // A text, a number and a boolean have no `toJSON` that would be asked.
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      text += ',"' + name + '":' + natives.stringify(value);
    }
  }
  return text + (key ? ',"key":"' + key + '"}' : "}");
}
