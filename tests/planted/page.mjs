// The page's redactor outside of a page: facts in, facts without their secrets out.
import { readFileSync } from "node:fs";

class Nothing {}
for (const name of ["FileReader", "WebSocket", "MutationObserver", "HTMLInputElement"]) globalThis[name] ??= Nothing;
class Page {
  getElementsByTagName() {
    return [];
  }
}
Page.prototype.cookie = "";
globalThis.document = new Page();
globalThis.sessionStorage = { getItem: () => null, setItem: () => {} };

const { Redactor } = await import(new URL("../../static/recorder/redact.js", import.meta.url));
const made = JSON.parse(readFileSync(0, "utf-8")).map((facts) => {
  const told = [];
  const redactor = new Redactor((secret) => told.push(secret));
  return [...facts.map((fact) => redactor.clean(fact)), ...told];
});
console.log(JSON.stringify(made));
