/**
 * The board as the whole of a page: a session that was saved, of which everything is asked over HTTP.
 */
import { isDarkHere } from "../recorder/kinds.js";
import { guarded, natives } from "../recorder/natives.js";
import { Board } from "./panel.js";
import { make } from "./elements.js";
import { PANEL_STYLE } from "./style.js";

/** Shows the session that the page is of. */
export function showBoard() {
  const place = document.getElementById("board");
  if (!place) return;
  const where = `${location.pathname}/panel`;
  /** @type {AbortController | null} */
  let replaying = null;
  /** @param {import("../recorder/words.js").FromPanel} message */
  const ask = (message) => {
    if (message.t === "again" && !message.on) return replaying?.abort();
    const stop = new AbortController();
    if (message.t === "again") replaying = stop;
    void told(where, message, stop.signal, (said) => board.hear(said)).then(
      () => message.t === "edit" && board.look(),
      (error) => {
        if (message.t === "take") board.hear({ t: "given", what: message.what, path: message.path ?? "", error: error.message });
        if (message.t === "again") board.hear({ t: "ran", summary: stop.signal.aborted ? "Stopped." : error.message });
        else board.hear({ t: "trouble", sentence: error.message });
      },
    );
  };
  const board = new Board(ask);
  const whole = make("main", { class: "whole" }, board.element);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`${PANEL_STYLE} .whole { height: 100%; }`);
  const root = place.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet];
  root.append(whole);
  const tint = guarded(() => whole.classList.toggle("dark", isDarkHere()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tint);
  tint();
  board.look();
}

/**
 * Asks, and passes on what is said, a message a line.
 * @param {string} where
 * @param {import("../recorder/words.js").FromPanel} message
 * @param {AbortSignal} signal
 * @param {(message: import("../recorder/words.js").ToPanel) => void} hear
 */
async function told(where, message, signal, hear) {
  const key = document.querySelector("meta[name=recorder-key]")?.getAttribute("content");
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const answer = await natives.fetch.call(window, where, { method: "POST", headers, body: natives.stringify(message), signal });
  if (!answer.ok || !answer.body) throw new Error((await answer.json()).error);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) hear(natives.parse(line));
  }
}
