/**
 * What the page side must know of the kind of app that a page is of. A kind is one object here, and nothing else asks.
 *
 * @typedef {object} Kind
 * @property {() => boolean} isHere whether the page is of this kind
 * @property {boolean} describesItself whether the app says of itself, and keeps, what other pages must be asked for
 * @property {() => boolean} hasOwnTheme whether the app decides between light and dark, whatever the person's system has
 * @property {() => string | undefined} root the address of the app, where the page names it
 * @property {() => boolean} isReady whether the page's own script has taken over what a server has rendered
 */

/** @type {Kind} */
const GRADIO = {
  isHere: () => "gradio_config" in globalThis,
  describesItself: true,
  // Its web component may stand in a page of any other kind.
  hasOwnTheme: () => GRADIO.isHere() || document.querySelector("gradio-app") !== null,
  root: () => {
    const root = /** @type {any} */ (globalThis).gradio_config?.root;
    return typeof root === "string" ? root : undefined;
  },
  isReady: () => Boolean(/** @type {any} */ (globalThis).gradio_config),
};

/** @type {Kind} */
const WEB = {
  isHere: () => true,
  describesItself: false,
  hasOwnTheme: GRADIO.hasOwnTheme,
  root: () => undefined,
  isReady: () => false,
};

const APP_KINDS = [GRADIO, WEB];

/**
 * The kind of this page. It may show only once the page's own script has run.
 * @returns {Kind}
 */
export function kindHere() {
  return APP_KINDS.find((kind) => kind.isHere()) ?? WEB;
}

/** Whether the app is dark: as it says itself, or as the person wants all. */
export function isDarkHere() {
  if (document.querySelector("html.dark, body.dark") !== null) return true;
  return !kindHere().hasOwnTheme() && matchMedia("(prefers-color-scheme: dark)").matches;
}
