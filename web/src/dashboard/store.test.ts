import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "./store.ts";

test("readers hear the value and each change of it, until they leave", () => {
  const store = new Store(1);
  const heard: number[] = [];
  const leave = store.subscribe((v) => heard.push(v));
  store.set(2);
  store.set(2);
  leave();
  store.set(3);
  assert.deepEqual(heard, [1, 2]);
  assert.equal(store.get(), 3);
});
