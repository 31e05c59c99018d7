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
 * @returns {() => void} takes them out
 */
export function hook(observer, making) {
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
    ...hookMaking(making),
  ];
  return () => undo.reverse().forEach((each) => each());
}
