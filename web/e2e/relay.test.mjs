// The client with a real relay: start pages, several players, a relay that restarts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, startBrowser } from "./browser.mjs";
import { freePort } from "./support/places.mjs";
import { startRelay } from "./support/relay.mjs";

// Small and slow, because the tests' GPU is a program.
const streams = {
  one: { source: "demo:?size=320x180&fps=5" },
  two: { source: "demo:?size=480x270&fps=5&seed=2" },
};

let browser;

before(async () => {
  browser = await startBrowser();
});

after(() => browser?.close());

/** The snapshots of all players of a page. */
const snapshots = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("sightline-player")].map((player) => player.snapshot),
  );

/** Waits until all players' snapshots satisfy a condition. */
async function until(page, count, holds, what) {
  let states = [];
  for (let i = 0; i < 900; i++) {
    states = await snapshots(page);
    if (states.length === count && states.every((s) => s && holds(s))) return states;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within 90 s: ${what}; the players are ${JSON.stringify(states)}`);
}

test("the grid's players share one worker and survive a restart of the relay", async () => {
  // Fixed ports, so that it can be started again at the same address.
  const config = {
    http: { listen: `127.0.0.1:${await freePort()}` },
    webrtc: { port: await freePort() },
  };
  let relay = await startRelay(streams, { config });
  const { page, log, close } = await openPage(browser);
  try {
    await page.goto(relay.url);
    await until(page, 2, (s) => s.frames > 0, "both play");
    // Which path is faster is the machine's affair, and the counts depend on it.
    await page.evaluate(() => {
      for (const player of document.querySelectorAll("sightline-player")) {
        player.setAttribute("path", "planes");
      }
    });
    const [one] = await until(page, 2, (s) => s.frames > 5 && s.path === "planes", "both go on");
    assert.equal(one.rung, "processor", one.rungReason);
    const before = await page.evaluate(() => customElements.get("sightline-player").counts());
    assert.equal(before.players, 2);

    await relay.kill();
    await until(
      page,
      2,
      (s) => s.phase !== "playing" && s.conditions.some((c) => c.code === "relay-unreachable"),
      "the loss of the relay is seen",
    );
    relay = await startRelay(streams, { config });
    const frames = (await snapshots(page)).map((s) => s.frames);
    const states = await until(page, 2, (s) => s.phase === "playing", "both play again");
    await until(page, 2, (s) => s.frames > Math.max(...frames) + 5, "frames go on");
    assert.deepEqual(states[0].conditions, []);
    const later = await page.evaluate(() => customElements.get("sightline-player").counts());
    for (const key of ["players", "buffers", "textures", "bytes", "goroutines"]) {
      assert.equal(later[key], before[key], key);
    }
  } catch (error) {
    throw new Error(
      `${error.message}\nconsole:\n${log.join("\n")}\nrelay:\n${relay.lines.join("\n")}`,
      {
        cause: error,
      },
    );
  } finally {
    await close();
    await relay.stop();
  }
});

test("each forced rung and path shows the stream", async () => {
  const relay = await startRelay(streams);
  const { page, close } = await openPage(browser);
  try {
    await page.goto(new URL("/view/one", relay.url).href);
    for (const [attribute, value, rung, path] of [
      ["path", "planes", "processor", "planes"],
      ["path", "external", "processor", "external"],
      ["rung", "video", "video", ""],
      // Chromium cannot transfer tracks: the next rung is taken, and says why.
      ["rung", "worker-track", "video", ""],
      ["rung", "processor", "processor", "external"],
    ]) {
      await page.evaluate(
        ([name, text]) => document.querySelector("sightline-player").setAttribute(name, text),
        [attribute, value],
      );
      const [state] = await until(
        page,
        1,
        (s) => s.rung === rung && s.path === path && s.frames > 3 && s.rtp !== null,
        `${attribute} ${value}`,
      );
      assert.equal(state.keySource, rung === "video" ? "video-callback" : "frame-metadata");
      if (value === "worker-track") assert.match(state.rungReason, /worker/);
    }
  } finally {
    await close();
    await relay.stop();
  }
});
