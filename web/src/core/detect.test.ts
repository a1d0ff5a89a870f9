import assert from "node:assert/strict";
import { test } from "node:test";
import { detects } from "./detect.ts";

test("detectors run by themselves on a GPU only", () => {
  assert.equal(detects("auto", "nvidia ampere"), true);
  assert.equal(detects("auto", "google swiftshader"), false);
  assert.equal(detects("auto", "mesa llvmpipe"), false);
  assert.equal(detects("on", "google swiftshader"), true);
  assert.equal(detects("off", "nvidia ampere"), false);
});
