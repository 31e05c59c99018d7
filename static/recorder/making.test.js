import "../../tests/browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Making } from "./making.js";

test("the latest values that a page made are told once, with the moment at which each was made", () => {
  const told = [];
  let moment = 0;
  const making = new Making((fact, since) => told.push([fact.value, since]), () => moment);
  for (moment = 1; moment <= 3; moment++) making.add({ t: "made", how: "uuid", value: `v${moment}` });
  assert.deepEqual(told, []);
  making.flush();
  making.flush();
  assert.deepEqual(told, [["v1", 1], ["v2", 2], ["v3", 3]]);
});

test("a page that makes very many values costs no more than the latest of them", () => {
  const told = [];
  const making = new Making((fact) => told.push(fact.value), () => 0);
  for (let number = 0; number < 100_000; number++) making.add({ t: "made", how: "random", value: `${number}` });
  assert.ok(making.made.length < 1000);
  making.flush();
  assert.equal(told.at(-1), "99999");
  assert.equal(told.length, 256);
});
