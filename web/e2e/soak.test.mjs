// Three streams, three viewers on one page, for a while: what the relay and the page hold stays the
// same. SOAK_SECONDS makes it longer than the minute of the test suite.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { startCamera } from "./support/camera.mjs";
import { carClip, withShared } from "./support/places.mjs";
import { explain, openPlayerPage } from "./support/player.mjs";
import { sleep } from "./support/process.mjs";
import { startRelay } from "./support/relay.mjs";

const seconds = Number(process.env.SOAK_SECONDS ?? 60);
/** What starts, settles within this part of the time. */
const settle = Math.max(15, seconds / 20);
const streams = ["demo", "camera", "file"];

let browser;

before(async () => {
  assert.ok(seconds >= 45, `SOAK_SECONDS=${seconds}: at least 45`);
  browser = await startBrowser();
});

after(() => browser?.close());

/** What relay and page hold now. */
async function measure(relay, page) {
  const metrics = await relay.metrics();
  const status = await readFile(`/proc/${relay.pid}/status`, "utf8");
  const { counts, snapshots } = await page.evaluate(async () => ({
    counts: await customElements.get("sightline-player").counts(),
    snapshots: [...document.querySelectorAll("sightline-player")].map((e) => e.snapshot),
  }));
  return {
    goroutines: metrics.go_goroutines,
    descriptors: (await readdir(`/proc/${relay.pid}/fd`)).length,
    resident: Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) / 1024,
    players: counts.players,
    buffers: counts.buffers,
    textures: counts.textures,
    bytes: counts.bytes,
    frames: snapshots.map((s) => s.frames),
    rtp: snapshots.map((s) => s.rtp),
    lost: snapshots.reduce((sum, s) => sum + s.packetsLost, 0),
  };
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

test(`nothing grows in ${seconds} s of three streams`, withShared, async (t) => {
  const camera = await startCamera(carClip());
  let relay;
  let opened;
  try {
    relay = await startRelay({
      // Small and slow: the browser's GPU is a program here.
      demo: { source: "demo:?size=640x360&fps=10" },
      camera: { source: camera.url },
      file: { source: carClip(), loop: true },
    });
    opened = await openPlayerPage(browser, relay);
    const { page } = opened;
    const begun = Date.now();
    await page.evaluate(async (streams) => {
      // In sight, or they rest.
      document.body.style.cssText = "margin: 0; display: flex";
      const elements = streams.map((stream) => play({ stream, overlay: "key" }, 256));
      for (const element of elements) await until(element, (s) => s.frames > 3);
    }, streams);
    while (Date.now() - begun < 1000 * settle) await sleep(200);
    const list = [];
    while (Date.now() - begun < 1000 * seconds) {
      list.push({ at: (Date.now() - begun) / 1000, ...(await measure(relay, page)) });
      await sleep(1000);
    }
    const half = list.length >> 1;
    const halves = [list.slice(0, half), list.slice(half)];
    // A request that is under way is a few goroutines and a descriptor more for a moment, so the
    // least of each half counts; resident memory goes by its median. The browser may keep one
    // connection more to the relay in one half than in the other.
    const connection = { goroutines: 4, descriptors: 2 };
    const least = (name) => halves.map((h) => Math.min(...h.map((m) => m[name])));
    const constant = ["goroutines", "descriptors", "players", "buffers", "textures", "bytes"];
    for (const name of constant) {
      const most = Math.max(...list.map((m) => m[name]));
      t.diagnostic(`${name}: at least ${least(name).join(", then ")} (at most ${most})`);
    }
    const [before, now] = halves.map((h) => median(h.map((m) => m.resident)));
    t.diagnostic(`resident memory: ${before.toFixed(1)} MiB, then ${now.toFixed(1)} MiB`);
    for (const name of constant) {
      const [first, second] = least(name);
      const values = list.map((m) => m[name]);
      assert.ok(second <= first + (connection[name] ?? 0), `${name}: ${values}`);
      assert.ok(Math.max(...values) <= first + 16 || name === "bytes", `${name}: ${values}`);
    }
    assert.ok(now <= before * 1.05, `resident MiB: ${list.map((m) => m.resident.toFixed(1))}`);
    const last = list.at(-1);
    t.diagnostic(`frames drawn: ${last.frames.join(", ")}; packets lost: ${last.lost}`);
    assert.equal(last.players, streams.length);
    for (const [i, stream] of streams.entries()) {
      assert.ok(last.frames[i] > list[half].frames[i], `${stream} stands still`);
      const { viewers, restarts } = await relay.stream(stream);
      assert.deepEqual({ viewers, restarts }, { viewers: 1, restarts: 0 }, stream);
    }
    // A machine with much else to do may hold a picture up for a moment.
    await page.evaluate(async () => {
      for (const element of document.querySelectorAll("sightline-player")) {
        await until(element, (s) => s.phase === "playing" && s.conditions.length === 0);
      }
    });
    // And all is given back.
    const left = await page.evaluate(async () => {
      for (const element of document.querySelectorAll("sightline-player")) element.remove();
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return customElements.get("sightline-player").counts();
    });
    assert.equal(left.players, 0);
    assert.ok(left.buffers <= last.buffers && left.textures < last.textures, JSON.stringify(left));
    const list2 = await relay.api("/api/v1/streams");
    assert.deepEqual(
      list2.streams.map((s) => s.viewers),
      [0, 0, 0],
    );
  } catch (error) {
    throw explain(error, { log: opened?.log, relay });
  } finally {
    await opened?.close();
    await relay?.stop();
    await camera.stop();
  }
});
