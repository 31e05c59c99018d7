/**
 * Puts the recorder together in one document. Linked into a classic script by `recorder/capture/inject.py`.
 */
import { PanelDock } from "../panel/panel.js";
import { lostBody, textBody } from "./bodies.js";
import { Channel, runOf } from "./channel.js";
import { controlWith } from "./control.js";
import { watchDocument } from "./documents.js";
import { own } from "./elements.js";
import { hook } from "./hooks.js";
import { Ledger } from "./ledger.js";
import { Making } from "./making.js";
import { guarded, listen, natives } from "./natives.js";
import { Redactor } from "./redact.js";
import { Toggle } from "./toggle.js";
import { watchActs } from "./triggers.js";
import { kindHere } from "./kinds.js";

const MARK = Symbol.for("api-recorder");

/**
 * The configuration in the script's own element, which is taken out of the document.
 * @param {Element | SVGScriptElement | null} element
 * @returns {import("./words.js").Config | null}
 */
export function fromTag(element) {
  if (!(element instanceof HTMLScriptElement)) return null;
  const { channel, token, secrets, document: key } = element.dataset;
  element.remove();
  if (!channel || !token) return null;
  /** @type {import("./words.js").Config} */
  const config = { channel, token };
  if (secrets) config.secrets = natives.parse(secrets);
  if (key) config.document = key;
  return config;
}

/**
 * Begins to observe this document, once.
 * @param {import("./words.js").Config | null} config
 * @param {string} [key] what it says with all that only a person may ask for
 */
export function start(config, key = "") {
  if (!config || MARK in window || (location.protocol === "about:" && window.parent === window)) return;
  const isTopmost = !hasRecorder(window.parent, config);
  Object.defineProperty(window, MARK, { value: true, enumerable: false, configurable: true });

  const control = controlWith(key);
  const ledger = new Ledger(randomId(), () => redactor.clean(describePage()));
  const redactor = new Redactor((secret) => observe(secret), config.secrets, runOf(config));
  const home = config.channel ? new URL(".", new URL(config.channel, location.origin)).href : "";
  const panel = isTopmost ? new PanelDock((message) => channel.ask(message), (isOpen) => toggle?.opened(isOpen), home, control.trust) : null;
  const toggle = isTopmost ? new Toggle((on) => channel.press(on), () => panel?.toggle()) : null;
  const channel = new Channel(
    config,
    ledger,
    (state, isPressLost, isFirst) => {
      toggle?.show(state, isPressLost);
      if (state.panel && isFirst) panel?.isOpen ? panel.reconnected() : panel?.restore();
    },
    (why) => toggle?.refuse(why),
    guarded((message) => panel?.hear(message)),
    guarded((message) => {
      if (message.t === "loaded") reportLoaded(message);
      else if (message.t === "streamed") reportStreamed(message);
      else reportSource(message);
    }),
    control.seal,
  );
  if (toggle) control.trust(toggle.button);

  /**
   * @param {import("./words.js").Fact} fact
   * @param {number} [since]
   */
  const observe = (fact, since) => {
    ledger.add(fact.t === "secret" ? fact : redactor.clean(fact), since);
    // Of a response there is more to be told, were it only that it is over.
    channel.schedule(fact.t === "response");
  };
  const acts = watchActs({
    tell: observe,
    password: (input, isFinal) => redactor.watch(input, isFinal),
    isOurs: (element) => (toggle?.contains(element) || panel?.contains(element)) ?? false,
  });
  const now = () => ledger.count;
  const making = new Making(observe, now);
  const flush = guarded(() => {
    making.flush();
    acts.flush();
  });
  const observer = { now, add: guarded(observe), act: acts.current, flush };
  const { streamed: reportStreamed } = hook(observer, making);
  for (const leaving of ["beforeunload", "pagehide"]) listen(window, leaving, flush);
  const { downloads, source: reportSource } = watchDocument(observer, ledger.page);
  /** @param {import("./words.js").Loaded} loaded */
  const reportLoaded = ({ id, method, url, how, at, before = false, status = 200, headers = [], text = "" }) => {
    if (how === "download" && downloads({ method, url, at, status, headers })) return;
    const act = how === "download" ? acts.before(at) : undefined;
    /** @type {import("./words.js").Request_} */
    const request = { t: "request", id, method, url, how, headers: [] };
    if (act) request.act = act;
    const body = how === "script" ? textBody(text) : lostBody("binary_not_kept");
    /** @type {import("./words.js").Fact[]} */
    const facts = [request, { t: "response", id, status, headers, url }, { t: "done", id, body }];
    for (const fact of facts) ledger.tell(redactor.clean(fact), at, before);
    channel.schedule(true);
  };
  channel.start();
  toggle?.start();
}

/**
 * Whether a frame further out already shows the toggle.
 * @param {Window} frame
 * @param {import("./words.js").Config} config
 * @returns {boolean}
 */
function hasRecorder(frame, config) {
  if (frame === window) return false;
  // A browser that we drive runs the script in every frame, of other origins too.
  if (config.binding) return true;
  try {
    return MARK in frame || (frame.parent !== frame && hasRecorder(frame.parent, config));
  } catch {
    return false;
  }
}

/** @returns {import("./words.js").PageOpened} */
function describePage() {
  /** @type {import("./words.js").PageOpened} */
  const page = { t: "page", url: location.href, title: own(document, "title"), embedded: window.parent !== window };
  const root = kindHere().root();
  if (root !== undefined) {
    page.root = root;
    page.theme = own(document, "body")?.classList.contains("dark") ? "dark" : "light";
  }
  return page;
}

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_");
}
