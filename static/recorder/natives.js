/** The page's own functions, saved before the app could change them. Everything here calls these and no others. */
export const natives = {
  fetch: window.fetch,
  Request: window.Request,
  Response: window.Response,
  Headers: window.Headers,
  FormData: window.FormData,
  URLSearchParams: window.URLSearchParams,
  Blob: window.Blob,
  WebSocket: window.WebSocket,
  TextDecoder: window.TextDecoder,
  MutationObserver: window.MutationObserver,
  setTimeout: window.setTimeout.bind(window),
  clearTimeout: window.clearTimeout.bind(window),
  then: Promise.prototype.then,
  apply: Reflect.apply,
  construct: Reflect.construct,
  stringify: JSON.stringify.bind(JSON),
  parse: JSON.parse.bind(JSON),
  now: () => performance.timeOrigin + performance.now(),
};

/**
 * A random id of hexadecimal digits.
 * @param {number} bytes
 * @returns {string}
 */
export function randomId(bytes) {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (value) => value.toString(16).padStart(2, "0")).join("");
}
