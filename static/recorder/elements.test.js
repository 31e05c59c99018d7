import "../../tests/browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { make } from "../../tests/browser.js";
import { attribute, closest, inOneLine, own, textOf } from "./elements.js";

test("a property is read past what an app puts in its place", () => {
  const element = make("form", { action: "/send" });
  Object.defineProperty(element, "tagName", { value: "hidden" });
  Object.defineProperty(element, "getAttribute", { value: () => "hidden" });
  assert.equal(own(element, "tagName"), "FORM");
  assert.equal(attribute(element, "action"), "/send");
  assert.equal(attribute(element, "method"), "");
});

test("the text of an element is in one line", () => {
  const inner = make("b", {}, "two\n  three");
  const outer = make("p", { role: "row" }, "  one ", inner);
  assert.equal(textOf(outer), "one two three");
  assert.equal(textOf(null), "");
  assert.equal(inOneLine(" a\t\n b "), "a b");
  assert.equal(closest(inner, "li,[role=row]"), outer);
  assert.equal(closest(inner, "li"), null);
});
