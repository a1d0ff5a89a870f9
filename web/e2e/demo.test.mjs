// The frame's key: the counter burnt into the demo's pictures, read from the canvas, must be the one
// that the frame's RTP timestamp stands for.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, startBrowser } from "./browser.mjs";
import { installCounterReader } from "./support/counter.mjs";
import { startRelay } from "./support/relay.mjs";

let browser;
let relay;

before(async () => {
  // Small and slow, because the tests' GPU is a program.
  relay = await startRelay({ demo: { source: "demo:?size=640x360&fps=10" } });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await relay?.stop();
});

/** Waits for a picture; says what the player shows instead. */
async function waitForFrames(page) {
  const snapshot = () => document.querySelector("sightline-player")?.snapshot;
  for (let i = 0; i < 600; i++) {
    const state = await page.evaluate(snapshot);
    if (state?.frames > 0) return;
    if (state?.phase === "failed") throw new Error(JSON.stringify(state.conditions));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no picture within a minute: ${JSON.stringify(await page.evaluate(snapshot))}`);
}

test("300 frames carry the counter that their RTP timestamp stands for", async () => {
  const { page, log, close } = await openPage(browser);
  page.setDefaultTimeout(300_000);
  try {
    await page.goto(new URL("/view/demo", relay.url).href);
    await waitForFrames(page);
    await page.evaluate(installCounterReader);
    const frames = await page.evaluate(async () => {
      const player = document.querySelector("sightline-player");
      player.setAttribute("resolution", "picture");
      player.setAttribute("overlay", "none");
      const frames = [];
      // Until the new size has reached the canvas.
      let width = 0;
      while (width !== 640) {
        await player.readPixels(1, "canvas", (copy) => {
          width = copy.width;
        });
      }
      await player.readPixels(300, "canvas", (copy) => {
        const { rtp, keySource, path } = copy;
        frames.push({ rtp, keySource, path, counter: readCounter(copy) });
      });
      return frames;
    });
    const { counter: map } = await relay.stream("demo");
    const compared = frames.filter((f) => f.counter !== null && f.rtp !== null);
    const wrong = compared.filter(
      (f) => f.counter !== map.counter + ((f.rtp - map.rtp) | 0) / map.ticks_per_frame,
    );
    assert.equal(frames.length, 300);
    assert.ok(compared.length >= 285, `${compared.length} frames could be compared`);
    assert.deepEqual(wrong, []);
    assert.ok(new Set(compared.map((f) => f.counter)).size >= 285, "the same frames came again");
    assert.ok(frames.every((f) => f.keySource === "frame-metadata"));
  } catch (error) {
    throw new Error(
      `${error.message}\nconsole:\n${log.join("\n")}\nrelay:\n${relay.lines.join("\n")}`,
      {
        cause: error,
      },
    );
  } finally {
    await close();
  }
});
