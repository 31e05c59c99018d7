import "../../tests/browser.js";
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { make, show } from "../../tests/browser.js";
import { kindHere } from "./kinds.js";

afterEach(() => {
  delete globalThis.gradio_config;
  show();
});

test("a page is of the web in general unless it says more", () => {
  const kind = kindHere();
  assert.deepEqual([kind.describesItself, kind.hasOwnTheme(), kind.root(), kind.isReady()], [false, false, undefined, false]);
});

test("a page of Gradio names its app as soon as its configuration is there", () => {
  globalThis.gradio_config = undefined;
  assert.deepEqual([kindHere().describesItself, kindHere().isReady(), kindHere().root()], [true, false, undefined]);
  globalThis.gradio_config = { root: "http://app.test/sub" };
  assert.deepEqual([kindHere().isReady(), kindHere().root()], [true, "http://app.test/sub"]);
});

test("an app of Gradio inside another page decides between light and dark", () => {
  show(make("gradio-app"));
  assert.equal(kindHere().describesItself, false);
  assert.equal(kindHere().hasOwnTheme(), true);
});
