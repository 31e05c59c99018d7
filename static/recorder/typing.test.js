import "../../tests/browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { make, show } from "../../tests/browser.js";
import { Typing } from "./typing.js";

const naming = { name: (element) => element.getAttribute("aria-label") ?? element.getAttribute("name") ?? "", role: () => "" };

/** A page of these elements, and what is told of what the person does on it. */
function typing(...elements) {
  show(...elements);
  const told = [];
  return { told, typing: new Typing((fact) => told.push(fact), naming) };
}

test("a text is told once, when it is about to matter", () => {
  const field = make("input", { name: "city" });
  const { told, typing: heard } = typing(field);
  for (const value of ["O", "Os", "Oslo"]) {
    field.value = value;
    heard.hear(new Event("input"), field, "a1");
  }
  assert.deepEqual(told, []);
  heard.flush();
  heard.flush();
  assert.deepEqual(told.map(({ kind, value, field: name, act }) => [kind, value, name, act]), [["text", "Oslo", "city", "a1"]]);
});

test("a field that an app empties as it sends it is told as it was", () => {
  const field = make("textarea", { name: "message" });
  const { told, typing: heard } = typing(field);
  field.value = "hello";
  heard.hear(new Event("input"), field, "a1");
  field.value = "";
  heard.flush();
  assert.deepEqual(told.map(({ value }) => value), ["hello"]);
});

test("radio buttons of one name are one control", () => {
  const small = make("input", { type: "radio", name: "size", value: "s" });
  const large = make("input", { type: "radio", name: "size", value: "l" });
  const { told, typing: heard } = typing(small, large);
  for (const [on, off] of [[large, small], [small, large]]) {
    [on.checked, off.checked] = [true, false];
    heard.hear(new Event("change"), on, "a1");
  }
  assert.deepEqual(told.map(({ kind, value }) => [kind, value]), [["choice", "l"], ["choice", "s"]]);
  assert.equal(new Set(told.map(({ control }) => control)).size, 1);
});

test("a choice is told with what was shown of it", () => {
  const select = make("select", { name: "land" }, make("option", { value: "no", selected: "1" }, "Norway"));
  const { told, typing: heard } = typing(select);
  heard.hear(new Event("change"), select, "a1");
  assert.deepEqual(told.map(({ kind, value, shown }) => [kind, value, shown]), [["choice", "no", "Norway"]]);
});

test("an option of a list that an app has drawn itself belongs to the field that opened it", () => {
  const option = make("div", { role: "option", "data-value": "7" }, make("span", {}, "Seven"));
  const list = make("div", { role: "listbox", id: "numbers" }, option);
  const box = make("input", { role: "combobox", "aria-controls": "other numbers", name: "number" });
  const { told, typing: heard } = typing(box, list);
  heard.hear(new Event("click"), option.state.children[0], "a1");
  assert.deepEqual(told.map(({ kind, value, shown, field }) => [kind, value, shown, field]), [["choice", "7", "Seven", "number"]]);
});

test("a switch that an app has drawn itself is told as it will be", () => {
  const box = make("div", { role: "switch", "aria-checked": "false", "aria-label": "Loud" });
  const { told, typing: heard } = typing(box);
  heard.hear(new Event("click"), box, "a1");
  assert.deepEqual(told.map(({ kind, value, label }) => [kind, value, label]), [["check", "true", "Loud"]]);
});

test("each file of an upload is told by its name", () => {
  const field = make("input", { type: "file", name: "papers" });
  const { told, typing: heard } = typing(field);
  field.state.files = [{ name: "a.pdf" }, { name: "b.pdf" }];
  heard.hear(new Event("change"), field, "a1");
  assert.deepEqual(told.map(({ kind, value }) => [kind, value]), [["file", "a.pdf"], ["file", "b.pdf"]]);
});
