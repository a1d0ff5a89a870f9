import assert from "node:assert/strict";
import { test } from "node:test";
import { type Keep, load, save } from "./preferences.ts";

class Memory implements Keep {
  readonly items = new Map<string, string>();
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
}

const defaults = { theme: "auto", density: "fit", panel: true, overlay: true, keys: true };

test("choices are kept", () => {
  const keep = new Memory();
  assert.deepEqual(load(keep), defaults);
  save(keep, "theme", "dark");
  save(keep, "panel", false);
  save(keep, "density", "wall");
  assert.deepEqual(load(keep), { ...defaults, theme: "dark", panel: false, density: "wall" });
});

test("whatever else the storage holds, the defaults hold", () => {
  const keep = new Memory();
  for (const key of Object.keys(defaults)) keep.setItem(`sightline.${key}`, "<script>");
  assert.deepEqual(load(keep), defaults);
  assert.deepEqual(load(null), defaults);
});

test("a storage that refuses is no fault", () => {
  const refusing: Keep = {
    getItem: () => {
      throw new Error("denied");
    },
    setItem: () => {
      throw new Error("full");
    },
  };
  assert.deepEqual(load(refusing), defaults);
  save(refusing, "theme", "light");
});
