/**
 * What stands before the script of an app's service worker: what is asked of the recorder itself does not pass through
 * it. A worker that held the recorder's script back, or answered for its pages, would speak in its place.
 * Linked into a script of one line by `recorder/capture/inject.py`.
 */

/** @param {string} path where the recorder is, of the worker's own origin */
export function guard(path) {
  const here = self.location.origin + path;
  // The worker may replace later what is looked up by name. Listeners are called in the order in which they were added.
  const apply = Reflect.apply;
  const { stopImmediatePropagation } = Event.prototype;
  const { startsWith } = String.prototype;
  const page = /** @type {any} */ (self);
  const requestOf = Object.getOwnPropertyDescriptor(page.FetchEvent.prototype, "request")?.get;
  const urlOf = Object.getOwnPropertyDescriptor(Request.prototype, "url")?.get;
  if (!requestOf || !urlOf) return;
  self.addEventListener("fetch", (event) => {
    if (apply(startsWith, apply(urlOf, apply(requestOf, event, []), []), [here])) apply(stopImmediatePropagation, event, []);
  });
}
