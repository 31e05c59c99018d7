/**
 * What a page, or a worker of it, calls, observed by every hook that there is.
 */
import { hookFetch, hookSockets, hookStreams } from "./fetch.js";
import { hookMaking } from "./making.js";
import { patchToString } from "./patching.js";
import { hookWorkers } from "./workers.js";
import { hookBeacons, hookEventSources, hookXhr } from "./xhr.js";

/**
 * Installs every hook.
 * @param {import("./exchange.js").Observer} observer
 * @param {import("./making.js").Making} making
 * @returns {{streamed: (event: import("./words.js").Streamed) => void, undo: () => void}} what takes events that no
 *   listener of the page heard, and what takes the hooks out
 */
export function hook(observer, making) {
  const counter = { last: 0 };
  const sources = hookEventSources(observer, counter);
  const undo = [
    patchToString(),
    ...hookFetch(observer, counter),
    ...hookStreams(),
    ...hookSockets(observer, counter),
    ...hookXhr(observer, counter),
    ...hookBeacons(observer, counter),
    ...sources.undo,
    ...hookWorkers(observer),
    ...hookMaking(making),
  ];
  return { streamed: sources.streamed, undo: () => undo.reverse().forEach((each) => each()) };
}
