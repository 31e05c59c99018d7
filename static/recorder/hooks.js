/**
 * What a page, or a worker of it, calls, observed by every hook that there is.
 */
import { hookFetch, hookSockets, hookStreams } from "./fetch.js";
import { patchToString } from "./patching.js";
import { hookWorkers } from "./workers.js";
import { hookBeacons, hookEventSources, hookXhr } from "./xhr.js";

/**
 * Installs every hook.
 * @param {import("./exchange.js").Observer} observer
 * @returns {() => void} takes them out
 */
export function hook(observer) {
  const counter = { last: 0 };
  const undo = [
    patchToString(),
    ...hookFetch(observer, counter),
    ...hookStreams(),
    ...hookSockets(observer, counter),
    ...hookXhr(observer, counter),
    ...hookBeacons(observer, counter),
    ...hookEventSources(observer, counter),
    ...hookWorkers(observer),
  ];
  return () => undo.reverse().forEach((each) => each());
}
