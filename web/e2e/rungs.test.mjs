// Browsers with less than they should have get the picture all the same, one rung down, and the page
// says which rung runs and why.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { startCamera } from "./support/camera.mjs";
import { carClip, withShared } from "./support/places.mjs";
import { explain, openPlayerPage, openRelayPage } from "./support/player.mjs";
import { startRelay } from "./support/relay.mjs";

let browser;
let camera;
let relay;

before(async () => {
  if (withShared.skip) return;
  browser = await startBrowser();
  camera = await startCamera(carClip());
  relay = await startRelay({ gate: { source: camera.url, transport: "tcp" } });
});

after(async () => {
  await browser?.close();
  await relay?.stop();
  await camera?.stop();
});

const withoutProcessor = "delete globalThis.MediaStreamTrackProcessor;";
const withoutWebGPU =
  'Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined });';

for (const { missing, prepare, rung, reason } of [
  { missing: "nothing", prepare: "", rung: "processor", reason: /WebGPU/ },
  {
    missing: "MediaStreamTrackProcessor",
    prepare: withoutProcessor,
    // Chromium cannot transfer a track to a worker, so it goes on to the rung below.
    rung: "video",
    reason: /track cannot be given to the worker|MediaStreamTrackProcessor/,
  },
  { missing: "WebGPU", prepare: withoutWebGPU, rung: "video", reason: /no WebGPU/ },
  {
    missing: "both",
    prepare: withoutProcessor + withoutWebGPU,
    rung: "video",
    reason: /no WebGPU/,
  },
]) {
  test(`without ${missing}: rung ${rung}, with the camera's picture`, withShared, async (t) => {
    let opened;
    let view;
    try {
      opened = await openPlayerPage(browser, relay, { prepare });
      const { state, variance, moved } = await opened.page.evaluate(async () => {
        const element = play({ stream: "gate" });
        await until(element, (s) => s.phase === "playing" && s.frames > 5);
        let variance = 0;
        await element.readPixels(1, "canvas", (copy) => {
          variance = varianceOf(copy);
        });
        const { rtp, frames } = element.snapshot;
        const state = await until(element, (s) => s.frames > frames + 5);
        const moved = state.rtp !== rtp;
        element.remove();
        return { state, variance, moved };
      });
      assert.equal(state.rung, rung, state.rungReason);
      assert.match(state.rungReason, reason);
      assert.ok(variance > 100, `the picture is flat: ${variance}`);
      assert.ok(moved, "the picture stands still");
      assert.equal(`${state.width}x${state.height}`, "768x432");
      assert.notEqual(state.keySource, "none");
      assert.deepEqual(state.conditions, []);
      t.diagnostic(`${state.rung}: ${state.rungReason} (${state.adapter || "no adapter"})`);
      // The relay's own page says so in its panel.
      view = await openRelayPage(browser, relay.at("/view/gate"), { prepare });
      await view.page.waitForFunction(
        () => document.querySelector("sightline-player")?.snapshot?.frames > 3,
      );
      if (!(await view.page.locator("#panel").isVisible())) await view.page.keyboard.press("i");
      const shown = view.page.locator("#panel");
      await shown.getByText(state.rungReason).first().waitFor();
      await view.screenshot(`rung-without-${missing}`);
    } catch (error) {
      throw explain(error, { log: [...(opened?.log ?? []), ...(view?.log ?? [])], relay });
    } finally {
      await opened?.close();
      await view?.close();
    }
  });
}
