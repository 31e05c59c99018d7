/**
 * What the page's workers call: each tells whoever made it, over a port that its first message brings.
 *
 * The script gets into a worker on its way to the browser, or by the browser that we drive; nothing is told to a worker
 * that could be heard by the app in one without it.
 */
import { guarded, listen } from "./natives.js";
import { patchClass } from "./patching.js";

/** What the message that brings the port goes by. */
export const PORT = "api-recorder:port";

let workers = 0;

/** @param {import("./exchange.js").Observer} observer */
export function hookWorkers(observer) {
  if (!globalThis.Worker) return [];
  return [
    patchClass("Worker", (worker) => {
      listen(worker, "message", (event) => {
        const port = event.data === PORT ? event.ports[0] : undefined;
        if (!port) return;
        event.stopImmediatePropagation();
        hear(port, observer);
      });
    }),
  ];
}

/**
 * @param {MessagePort} port
 * @param {import("./exchange.js").Observer} observer
 */
function hear(port, observer) {
  const letter = `k${++workers}.`;
  /** @type {Map<string, number>} when each exchange began */
  const begun = new Map();
  port.onmessage = guarded((/** @type {MessageEvent} */ { data }) => {
    if (data.t === "made") return observer.add(data);
    if (data.t === "request" || data.sent) observer.flush();
    const fact = { ...data, id: `${letter}${data.id}` };
    if (!begun.has(fact.id)) {
      begun.set(fact.id, observer.now());
      const act = observer.act();
      if (act) fact.act = act;
    }
    observer.add(fact, begun.get(fact.id));
    if (fact.t === "done" || fact.t === "ws_close") begun.delete(fact.id);
  });
}
