// The path of a frame's pixels, with synthetic frames: conversion to RGBA and tensor, canvas, device
// loss, the rungs, and what is left on the GPU.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openPage, startBrowser } from "./browser.mjs";
import { startSite } from "./site.mjs";

const helper = path.join(path.dirname(fileURLToPath(import.meta.url)), "synthetic.js");
let browser;
let site;

before(async () => {
  site = await startSite();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

/** Runs a test in a fresh page with the element and the helpers. */
async function withPage(prepare, run) {
  const { page, log, close } = await openPage(browser);
  page.setDefaultTimeout(120_000);
  try {
    await page.addInitScript({ path: helper });
    if (prepare) await page.addInitScript(prepare);
    await page.goto(site.url);
    await page.waitForFunction(() => customElements.get("sightline-player"));
    await run(page);
  } catch (error) {
    throw new Error(`${error.message}\nconsole:\n${log.join("\n")}`, { cause: error });
  } finally {
    await close();
  }
}

test("each format, matrix and range reaches the canvas", () =>
  withPage(null, async (page) => {
    const results = await page.evaluate(async () => {
      const picture = synthetic.planes(66, 50, 7);
      const cases = [];
      for (const format of ["I420", "NV12"]) {
        for (const matrix of ["bt709", "smpte170m", "bt2020-ncl"]) {
          for (const fullRange of [false, true]) cases.push({ format, matrix, fullRange });
        }
      }
      const element = synthetic.player({ resolution: "picture", path: "planes" });
      let current = 0;
      const source = synthetic.camera(
        // The number of the case is in the timestamp, which survives the way.
        (n) => synthetic.frame(picture, { ...cases[current], timestamp: n * 1000 + current }),
        10,
      );
      element.startTrack(source.track);
      await synthetic.until(element, (s) => s.frames > 0);
      const results = [];
      for (current = 0; current < cases.length; current++) {
        let result = null;
        for (let tries = 0; result === null && tries < 50; tries++) {
          await element.readPixels(1, "canvas", (copy) => {
            if (copy.timestamp % 1000 === current) {
              result = { ...synthetic.compare(copy, picture, cases[current]), path: copy.path };
            }
          });
        }
        results.push({ ...cases[current], ...result });
      }
      source.stop();
      return results;
    });
    assert.equal(results.length, 12);
    for (const r of results) {
      assert.equal(r.error, undefined, JSON.stringify(r));
      assert.equal(r.path, "planes");
      assert.equal(r.pixels, 66 * 50);
      assert.ok(r.worst <= 3, `${r.format} ${r.matrix} full ${r.fullRange}: ${r.where}`);
    }
  }));

test("visible rectangle, rotation and flip, odd sizes", () =>
  withPage(null, async (page) => {
    const results = await page.evaluate(async () => {
      const Player = customElements.get("sightline-player");
      const picture = synthetic.planes(48, 32, 3);
      const base = { matrix: "bt709", fullRange: false, timestamp: 0 };
      const rects = [
        undefined,
        { x: 4, y: 6, width: 30, height: 20 },
        { x: 2, y: 2, width: 33, height: 17 },
      ];
      const results = [];
      for (const format of ["I420", "NV12"]) {
        for (const visibleRect of rects) {
          for (const rotation of [0, 90, 180, 270]) {
            for (const flip of [false, true]) {
              const options = { ...base, format, visibleRect, rotation, flip };
              const frame = synthetic.frame(picture, options);
              if (frame.rotation !== rotation || frame.flip !== flip) {
                results.push({ ...options, error: "the browser ignores rotation or flip" });
                continue;
              }
              const copy = await Player.convertFrame(frame, "planes");
              results.push({
                ...options,
                ...synthetic.compare({ ...copy, format: "rgba8unorm" }, picture, options),
              });
            }
          }
        }
      }
      return results;
    });
    assert.equal(results.length, 48);
    for (const r of results) {
      assert.ok(!r.error && r.worst <= 2, JSON.stringify(r));
    }
  }));

test("the external texture agrees within 3", () =>
  withPage(null, async (page) => {
    const results = await page.evaluate(async () => {
      const Player = customElements.get("sightline-player");
      const results = [];
      for (const format of ["I420", "NV12"]) {
        for (const matrix of ["bt709", "smpte170m"]) {
          const options = { format, matrix, fullRange: false, timestamp: 0 };
          const picture = synthetic.planes(64, 32, 11);
          // Browsers may interpolate chroma, so it is flat here.
          picture.cb.fill(100);
          picture.cr.fill(150);
          const copy = await Player.convertFrame(synthetic.frame(picture, options), "external");
          results.push({
            ...options,
            path: copy.path,
            ...synthetic.compare({ ...copy, format: "rgba8unorm" }, picture, options),
          });
        }
      }
      return results;
    });
    for (const r of results) {
      assert.equal(r.path, "external");
      assert.ok(!r.error && r.worst <= 3, JSON.stringify(r));
    }
  }));

test("an opaque frame goes by the external texture", () =>
  withPage(null, async (page) => {
    const result = await page.evaluate(async () => {
      // From memory: the browser may turn a canvas's frame into NV12 on its way through a track.
      const data = new Uint8Array(40 * 24 * 4);
      for (let i = 0; i < data.length; i += 4) data.set([200, 100, 50, 255], i);
      const init = { format: "RGBX", codedWidth: 40, codedHeight: 24 };
      const element = synthetic.player({ resolution: "picture" });
      const source = synthetic.camera(
        (n) => new VideoFrame(data, { ...init, timestamp: n * 1e5 }),
        10,
      );
      element.startTrack(source.track);
      const state = await synthetic.until(element, (s) => s.frames > 0);
      let copy;
      await element.readPixels(1, "canvas", (c) => {
        copy = c;
      });
      source.stop();
      const at = 10 * copy.stride + 4 * 20;
      const pixel = [...new Uint8Array(copy.pixels).slice(at, at + 3)];
      if (copy.format === "bgra8unorm") pixel.reverse();
      return { path: state.path, pixel };
    });
    assert.equal(result.path, "external");
    [200, 100, 50].forEach((want, i) => {
      assert.ok(Math.abs(result.pixel[i] - want) <= 3, `${result.pixel}`);
    });
  }));

test("picture and tensor come from one pass", () =>
  withPage(null, async (page) => {
    const results = await page.evaluate(async () => {
      const Player = customElements.get("sightline-player");
      const picture = synthetic.planes(64, 36, 5);
      const results = [];
      for (const [width, height] of [
        [32, 32],
        [96, 40],
        [35, 21],
      ]) {
        for (const options of [
          { format: "I420", matrix: "bt709", fullRange: false, timestamp: 0 },
          { format: "NV12", matrix: "smpte170m", fullRange: true, timestamp: 0, rotation: 90 },
        ]) {
          const frame = synthetic.frame(picture, options);
          const copy = await Player.convertFrame(frame, "planes", width, height);
          const got = new Float32Array(copy.tensor);
          const want = synthetic.tensor(picture, options, width, height);
          let worst = 0;
          for (let i = 0; i < want.length; i++) worst = Math.max(worst, Math.abs(got[i] - want[i]));
          const rgba = synthetic.compare({ ...copy, format: "rgba8unorm" }, picture, options);
          results.push({ width, height, length: got.length, worst, rgba });
        }
      }
      return results;
    });
    for (const r of results) {
      assert.equal(r.length, 3 * r.width * r.height);
      assert.ok(r.worst < 0.5 / 255, JSON.stringify(r));
      assert.ok(r.rgba.worst <= 2, JSON.stringify(r));
    }
  }));

test("drawing goes on after the loss of the device, and ends on the video rung after three", () =>
  withPage(null, async (page) => {
    const session = await browser.newBrowserCDPSession();
    await page.evaluate(() => {
      globalThis.shown = synthetic.playing({ resolution: "picture" });
      return synthetic.until(shown.element, (s) => s.frames > 2 && s.rung === "processor");
    });
    for (let loss = 1; loss <= 3; loss++) {
      await page.evaluate(() => {
        globalThis.lost = new Promise((resolve) => {
          shown.element.addEventListener("sightline-state", ({ detail }) => {
            if (detail.conditions.some((c) => c.code === "gpu-lost") || detail.rung === "video") {
              resolve();
            }
          });
        });
      });
      await session.send("Browser.crashGpuProcess").catch(() => {});
      const state = await page.evaluate(async () => {
        await lost;
        const before = shown.element.snapshot.frames;
        return synthetic.until(
          shown.element,
          (s) => s.conditions.length === 0 && s.frames !== before && s.frames > 0 && s.fps > 0,
        );
      });
      assert.equal(state.rung, loss < 3 ? "processor" : "video", JSON.stringify(state));
      // A pixel of the wedge, not of a blank canvas.
      const pixel = await page.evaluate(async () => {
        let pixel;
        await shown.element.readPixels(1, "canvas", (copy) => {
          pixel = [...new Uint8Array(copy.pixels).slice(0, 3)];
        });
        return pixel;
      });
      assert.ok(Math.max(...pixel) > 60, `after loss ${loss} the canvas shows ${pixel}`);
    }
    const reason = await page.evaluate(() => shown.element.snapshot.rungReason);
    assert.match(reason, /lost 3 times/);
  }));

const withoutProcessor = () => {
  delete globalThis.MediaStreamTrackProcessor;
};
const withoutWebGPU = () => {
  Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined });
};

for (const [name, prepare, reason] of [
  ["MediaStreamTrackProcessor", withoutProcessor, /MediaStreamTrackProcessor/],
  ["WebGPU", withoutWebGPU, /WebGPU/],
  ["both", { content: `(${withoutProcessor})();(${withoutWebGPU})()` }, /WebGPU/],
]) {
  test(`without ${name} the video element shows the picture`, () =>
    withPage(prepare, async (page) => {
      const { state, pixel } = await page.evaluate(async () => {
        const { element } = synthetic.playing({ overlay: "key" });
        const state = await synthetic.until(element, (s) => s.frames > 3 && s.phase === "playing");
        let pixel;
        await element.readPixels(1, "canvas", (copy) => {
          pixel = [...new Uint8Array(copy.pixels).slice(0, 3)];
        });
        return { state, pixel };
      });
      assert.equal(state.rung, "video");
      assert.match(state.rungReason, reason);
      assert.equal(state.width, 64);
      assert.ok(Math.max(...pixel) > 60, `the video shows ${pixel}`);
    }));
}

test("a player out of sight draws nothing, and goes on when it is seen", () =>
  withPage(null, async (page) => {
    const result = await page.evaluate(async () => {
      const { element } = synthetic.playing();
      const frames = () => element.snapshot.frames;
      const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      await synthetic.until(element, (s) => s.frames > 2);
      element.style.position = "absolute";
      element.style.top = "-5000px";
      // A frame may be under way still.
      await pause(1500);
      const before = frames();
      await pause(4000);
      const hidden = frames() - before;
      const { phase } = element.snapshot;
      element.style.top = "0";
      await synthetic.until(element, (s) => s.frames > before + 3);
      return { hidden, phase };
    });
    assert.deepEqual(result, { hidden: 0, phase: "playing" });
  }));

test("players share one worker and leave nothing behind", () =>
  withPage(null, async (page) => {
    const counts = await page.evaluate(async () => {
      const Player = customElements.get("sightline-player");
      const counts = [];
      // Alternating sizes would pile up textures that are not freed.
      for (let round = 0; round < 3; round++) {
        const shown = [1, 2, 3].map(() => synthetic.playing({ overlay: "key" }));
        for (const { element } of shown) await synthetic.until(element, (s) => s.frames > 3);
        const during = await Player.counts();
        for (const { element } of shown) await synthetic.until(element, (s) => s.frames > 10);
        const later = await Player.counts();
        for (const { element, source } of shown) {
          element.remove();
          source.stop();
        }
        let after = await Player.counts();
        // A frame may be with the GPU still.
        for (let i = 0; i < 50 && after.buffers > 0; i++) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          after = await Player.counts();
        }
        counts.push({ during, later, after });
      }
      return counts;
    });
    for (const { during, later, after } of counts) {
      assert.equal(during.players, 3);
      assert.equal(later.buffers, during.buffers);
      assert.equal(later.textures, during.textures);
      assert.equal(later.bytes, during.bytes);
      assert.equal(later.goroutines, during.goroutines);
      assert.ok(after.goroutines < during.goroutines);
      assert.equal(after.players, 0);
      assert.equal(after.buffers, 0);
      assert.equal(after.textures, 1, "the glyphs remain");
    }
  }));
