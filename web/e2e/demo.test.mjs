// The frame's key: the counter burnt into the demo's pictures, read from the canvas, must be the one
// that the frame's RTP timestamp stands for.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, startBrowser } from "./browser.mjs";
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

/** Runs in the page: reads the counter row of a copy, as relay/source/demo describes it. */
function installReader() {
  globalThis.readCounter = (copy) => {
    const data = new Uint8Array(copy.pixels);
    const cellWidth = copy.width / 80;
    const cellHeight = copy.height / 45;
    const top = copy.height - 2 * cellHeight;
    const span = (start, size) => [
      Math.round(start + size / 4),
      Math.round(start + (size * 3) / 4),
    ];
    const [y0, y1] = span(top, cellHeight);
    const mean = (cell) => {
      const [x0, x1] = span(cellWidth * (1 + cell), cellWidth);
      let sum = 0;
      // Green stands for brightness: the cells are grey.
      for (let y = y0; y < y1; y++) {
        for (let x = x0; x < x1; x++) sum += data[y * copy.stride + 4 * x + 1];
      }
      return sum / ((x1 - x0) * (y1 - y0));
    };
    const cells = Array.from({ length: 44 }, (_, i) => mean(i));
    const white = (cells[0] + cells[43]) / 2;
    const black = (cells[1] + cells[42]) / 2;
    if (white - black < 60) return null;
    const bits = cells.slice(2, 42).map((v) => (v > (white + black) / 2 ? 1 : 0));
    const number = (list) => list.reduce((n, bit) => n * 2 + bit, 0);
    const counter = number(bits.slice(0, 32));
    let check = 0xa5;
    for (let i = 0; i < 32; i += 8) check ^= number(bits.slice(i, i + 8));
    return check === number(bits.slice(32)) ? counter : null;
  };
}

test("300 frames carry the counter that their RTP timestamp stands for", async () => {
  const { page, log, close } = await openPage(browser);
  page.setDefaultTimeout(300_000);
  try {
    await page.goto(new URL("/view/demo", relay.url).href);
    await waitForFrames(page);
    await page.evaluate(installReader);
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
