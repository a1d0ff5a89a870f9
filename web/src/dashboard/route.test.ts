import assert from "node:assert/strict";
import { test } from "node:test";
import { embedOptions, streamOfPath } from "./route.ts";

test("the stream stands in the path", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["/view/gate", "gate"],
    ["/embed/cam-1.main", "cam-1.main"],
    ["/view/gate/", "gate"],
    ["/view/", ""],
    ["/", ""],
    ["/view/a%20b", "a b"],
    ["/view/%zz", "%zz"],
  ];
  for (const [path, want] of rows) assert.equal(streamOfPath(path), want, path);
});

test("the options of an embedded player", () => {
  const plain = { panel: false, overlay: true, controls: true };
  assert.deepEqual(embedOptions(""), plain);
  assert.deepEqual(embedOptions("?panel=1&overlay=0&controls=0"), {
    panel: true,
    overlay: false,
    controls: false,
  });
  assert.deepEqual(embedOptions("?panel&overlay=Off"), { ...plain, panel: true, overlay: false });
  assert.deepEqual(embedOptions("?panel=maybe&controls=2"), plain);
});
