// A box belongs to its frame: a detector on the relay reads the counter burnt into the demo's pictures
// from decoded luma and publishes it as a box's label and place; the counter read from the pixels of
// the canvas must be that of the box drawn on it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { installCounterReader } from "./support/counter.mjs";
import { kitProgram, scratch } from "./support/places.mjs";
import { explain, openPlayerPage, openRelayPage } from "./support/player.mjs";
import { Program } from "./support/process.mjs";

/** So many analysed pictures are looked at on the canvas: with the pictures held, and without. */
const wanted = { hold: 300, free: 100 };
let browser;
let relay;
let folder;

before(async () => {
  folder = await scratch();
  const program = await kitProgram("counterrelay");
  // Small and slow, because the tests' GPU is a program.
  const source = "demo:?size=640x360&fps=5";
  relay = new Program(program, ["-source", source, "-every", "2", "-data-dir", folder.folder], {
    name: "the relay",
  });
  [, relay.url] = await relay.line(/ready: (https?:\/\/\S+)/);
  relay.at = (name) => new URL(name, relay.url).href;
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await relay?.stop();
  await folder?.remove();
});

/** Plays and reads the canvas back until so many pictures were analysed. */
async function watch(page, annotations) {
  return page.evaluate(
    async ({ annotations, analysed }) => {
      const player = play({ stream: "demo", resolution: "picture", annotations });
      await until(player, (s) => s.annotations?.shown > 3 && s.width === 640);
      const frames = [];
      await player.readPixels(2 * analysed + 40, "canvas", (copy) => {
        const counter = readCounter(copy);
        const data = new Uint8Array(copy.pixels);
        let edge = null;
        if (counter !== null) {
          // The middle of the left side of the box that this counter stands for.
          const x = Math.round((0.1 + (counter % 16) / 32) * copy.width);
          edge = pixelOf(copy, data, x, Math.round(0.375 * copy.height));
        }
        const { rtp, labels, predicted } = copy;
        frames.push({ rtp, counter, labels, predicted, edge });
      });
      const snapshot = player.snapshot;
      player.remove();
      return { frames, counts: snapshot.annotations, latency: snapshot.latency };
    },
    { annotations, analysed: wanted[annotations] },
  );
}

/** The colour of boxes that the relay found, as in wasm/player. */
const isRelayColor = ([r, g, b]) =>
  Math.abs(r - 0xff) < 40 && Math.abs(g - 0xb0) < 40 && Math.abs(b - 0x20) < 60;

for (const annotations of ["hold", "free"]) {
  test(`boxes are drawn on their frames: ${annotations}`, { timeout: 300_000 }, async (t) => {
    const { page, log, close } = await openPlayerPage(browser, relay);
    try {
      await page.evaluate(installCounterReader);
      const { frames, counts, latency } = await watch(page, annotations);
      const read = frames.filter((f) => f.counter !== null);
      // Every second picture is analysed. Pictures that the tests' slow GPU left out were seen by nobody.
      const due = read.filter((f) => f.counter % 2 === 0).slice(0, wanted[annotations]);
      const annotated = due.filter((f) => f.labels.length > 0).length;
      const mismatches = read.filter((f) => {
        if (f.labels.length === 0) return false;
        const right = f.labels.length === 1 && f.labels[0] === String(f.counter);
        return !right || !isRelayColor(f.edge);
      });
      const leftOut = (due.at(-1).counter - due[0].counter) / 2 + 1 - due.length;
      const mean = counts.held > 0 ? counts.heldMs / counts.held : 0;
      t.diagnostic(
        `${annotated} of ${due.length} analysed pictures show their box, ${mismatches.length} mismatches, ` +
          `${leftOut} analysed pictures were not drawn at all; ` +
          `${frames.filter((f) => f.predicted > 0).length} with predictions; ${counts.held} held, ` +
          `${mean.toFixed(1)} ms each; counts ${JSON.stringify(counts)}; gpu ${latency.gpu} ms`,
      );
      assert.deepEqual(mismatches, []);
      assert.ok(read.length >= 0.95 * frames.length, `${read.length} counters could be read`);
      if (annotations === "hold") {
        assert.equal(due.length, wanted.hold);
        assert.ok(annotated >= 285, `${annotated} of ${due.length} show their annotation`);
      } else {
        assert.equal(counts.held, 0);
      }
    } catch (error) {
      throw explain(error, { log, relay, page });
    } finally {
      await close();
    }
  });
}

test("without WebGPU the boxes are drawn over the video element", {
  timeout: 180_000,
}, async (t) => {
  // The relay's own page: the browser would keep one that only looks like it from the socket.
  const { page, log, close } = await openRelayPage(browser, relay.at("/view/demo"), {
    prepare: 'Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined });',
  });
  try {
    await page.evaluate(installCounterReader);
    await page.waitForFunction(() => {
      const counts = document.querySelector("sightline-player")?.snapshot?.annotations;
      return counts?.shown + counts?.predicted > 3;
    });
    const { rung, frames, counts, drawn } = await page.evaluate(async () => {
      const player = document.querySelector("sightline-player");
      const overlay = player.shadowRoot.querySelector("canvas.overlay");
      const frames = [];
      let drawn = false;
      await player.readPixels(60, "canvas", (copy) => {
        frames.push({ counter: readCounter(copy), labels: copy.labels, predicted: copy.predicted });
        const { data } = overlay.getContext("2d").getImageData(0, 0, overlay.width, overlay.height);
        // The colour of what the relay found.
        for (let i = 0; i < data.length && !drawn; i += 4) {
          drawn = data[i] > 240 && Math.abs(data[i + 1] - 0xb0) < 30 && data[i + 3] > 240;
        }
      });
      const { rung, annotations } = player.snapshot;
      player.setAttribute("annotations", "off");
      return { rung, frames, counts: annotations, drawn };
    });
    assert.equal(rung, "video");
    assert.ok(drawn, "no box is on the overlay");
    const exact = frames.filter((f) => f.labels.length > 0 && f.counter !== null);
    const right = exact.filter((f) => f.labels[0] === String(f.counter));
    t.diagnostic(
      `${right.length} of ${exact.length} with the boxes of their own picture, ` +
        `${frames.filter((f) => f.predicted > 0).length} with predictions; ${JSON.stringify(counts)}`,
    );
    assert.ok(frames.some((f) => f.labels.length + f.predicted > 0));
    // The video element may already show the next picture when it is copied.
    assert.ok(right.length >= 0.8 * exact.length, JSON.stringify(exact));
    await page.waitForFunction(
      () => document.querySelector("sightline-player").snapshot.annotations === null,
    );
  } catch (error) {
    throw explain(error, { log, relay, page });
  } finally {
    await close();
  }
});
