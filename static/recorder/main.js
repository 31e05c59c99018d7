import { hookFetch, hookWebSocket } from "./hooks.js";
import { currentAct, watchActs } from "./triggers.js";
import { watchPasswords } from "./redact.js";
import { Channel, bindingTransport, socketTransport } from "./channel.js";
import { Toggle } from "./toggle.js";

/**
 * @typedef {{channel?: string, token?: string, binding?: string}} Config
 */

/**
 * The configuration on our own tag, which goes.
 * @param {Element | SVGScriptElement | null} tag
 * @returns {Config}
 */
export function fromTag(tag) {
  if (!(tag instanceof HTMLScriptElement)) return {};
  const { channel, token } = tag.dataset;
  tag.remove();
  return { channel, token };
}

/**
 * Begins to observe the page.
 * @param {Config} config `channel` is the path of a WebSocket, `binding` the name of a function that takes frames
 */
export function start({ channel, binding, token = "" }) {
  if (binding) {
    const scope = /** @type {any} */ (window);
    const call = scope[binding];
    if (typeof call !== "function" || !/^https?:/.test(location.protocol)) return;
    delete scope[binding];
    begin(bindingTransport(call), token, window === window.top);
  } else if (channel) begin(socketTransport(channel), token, !sharesParent());
}

/**
 * Whether a frame around this one shows the button already.
 * @returns {boolean}
 */
function sharesParent() {
  try {
    return window !== window.parent && window.parent.location.origin === location.origin;
  } catch {
    return false;
  }
}

/**
 * @param {import("./channel.js").Transport} transport
 * @param {string} token
 * @param {boolean} withToggle
 */
function begin(transport, token, withToggle) {
  /** @type {Toggle | null} */
  let toggle = null;
  const channel = new Channel(transport, token, (state) => toggle?.show(state));
  const report = channel.report.bind(channel);
  const { config } = /** @type {any} */ ({ config: /** @type {any} */ (window).gradio_config });
  report("page", { url: location.href, title: document.title, embedded: window !== window.top, root: config?.root });
  hookFetch(report, currentAct);
  hookWebSocket(report, currentAct);
  watchActs(report);
  watchPasswords();
  if (!withToggle) return;
  const show = () => {
    toggle = new Toggle((on) => void channel.press(on));
    toggle.show(channel.state);
    toggle.mount();
  };
  if (document.body) show();
  else document.addEventListener("DOMContentLoaded", show, { once: true });
}
