// Joining a running stream between two key frames: the ring replays the pictures since the last one,
// fast enough to be live soon and slow enough to lose nothing.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { startCamera } from "./support/camera.mjs";
import { carClip, withShared } from "./support/places.mjs";
import { explain, openPlayerPage } from "./support/player.mjs";
import { eventually, sleep } from "./support/process.mjs";
import { startRecorder } from "./support/recorder.mjs";
import { startRelay } from "./support/relay.mjs";
import { startTap } from "./support/rtsp-tap.mjs";
import { makeClip } from "./support/video.mjs";

let browser;

before(async () => {
  browser = await startBrowser();
});

after(() => browser?.close());

/** Waits until the newest key frame is between `from` and `to` milliseconds old; returns its time. */
function keyOfAge(recorder, from, to) {
  return eventually(
    `a moment ${from} ms after a key frame`,
    () => {
      recorder.check();
      const key = recorder.units.findLast((u) => u.key);
      const age = Date.now() - (key?.at ?? 0);
      return age >= from && age <= to ? key.at : null;
    },
    { every: 10, ms: 60_000 },
  );
}

/** Runs in the page: joins and notes when each picture came. Ends a while after `live`. */
async function join(ms) {
  const shown = [];
  const note = ({ detail }) => {
    const { frames, rtp, phase } = detail;
    if (phase === "playing" && frames > 0 && rtp !== null && shown.at(-1)?.rtp !== rtp) {
      shown.push({ at: Date.now(), rtp });
    }
  };
  element.addEventListener("sightline-state", note);
  const begun = Date.now();
  element.start();
  await new Promise((resolve) => setTimeout(resolve, ms));
  element.removeEventListener("sightline-state", note);
  return { begun, shown, state: element.snapshot };
}

/**
 * How late each picture was, in milliseconds: shown by the page against arrived at a viewer that was
 * there all the time.
 */
function delays({ shown }, recorder) {
  const arrived = new Map(recorder.units.map((u) => [u.rtp, u.at]));
  return shown
    .filter((s) => arrived.has(s.rtp))
    .map((s) => ({ at: s.at, late: Math.round(s.at - arrived.get(s.rtp)) }));
}

/** A picture is live when it is not older than this in milliseconds, the page's reports 250 ms apart. */
const live = 500;

test(
  "five joins between key frames: picture within 1 s, live within 2 s",
  withShared,
  async (t) => {
    const camera = await startCamera(carClip());
    const tap = await startTap(camera);
    let relay;
    let recorder;
    let opened;
    try {
      relay = await startRelay({ gate: { source: tap.url, transport: "tcp" } });
      recorder = await startRecorder(relay, "gate");
      opened = await openPlayerPage(browser, relay);
      const { page } = opened;
      // The page has its worker and its GPU; what is measured is the stream.
      await page.evaluate(async () => {
        globalThis.element = play({ stream: "gate", overlay: "none" });
        await until(element, (s) => s.frames > 10);
        element.stop();
      });
      const worst = { picture: 0, live: 0 };
      for (let i = 0; i < 5; i++) {
        const key = await keyOfAge(recorder, 3000, 4000);
        const joined = await page.evaluate(join, 4000);
        await page.evaluate(() => element.stop());
        await sleep(300);
        const age = Math.round(joined.begun - key);
        assert.ok(age >= 3000 && age < 4800, `joined ${age} ms after a key frame`);
        const list = delays(joined, recorder);
        const first = list[0];
        const current = list.find((d) => d.late <= live);
        assert.ok(first, `join ${i} shows nothing: ${JSON.stringify(joined)}`);
        assert.ok(current, `join ${i} is never live: ${JSON.stringify(list)}`);
        const picture = first.at - joined.begun;
        const caughtUp = current.at - joined.begun;
        // It stays live.
        assert.ok(list.at(-1).late <= live, JSON.stringify(list));
        assert.equal(joined.state.packetsLost, 0);
        t.diagnostic(
          `join ${age} ms after a key frame: picture ${picture} ms, live ${caughtUp} ms, ` +
            `then ${list.at(-1).late} ms late`,
        );
        worst.picture = Math.max(worst.picture, picture);
        worst.live = Math.max(worst.live, caughtUp);
      }
      t.diagnostic(`worst: picture ${worst.picture} ms, live ${worst.live} ms`);
      assert.ok(worst.picture <= 1000, `a picture took ${worst.picture} ms`);
      assert.ok(worst.live <= 2000, `a join was live after ${worst.live} ms`);
      // The camera heard receiver reports (201), and never PLI (206/1), FIR (206/4, 192) or NACK (205/1).
      assert.ok(tap.sent["201"] > 0, JSON.stringify(tap.sent));
      assert.deepEqual(
        Object.keys(tap.sent).filter((type) => !["200", "201", "202", "203", "207"].includes(type)),
        [],
      );
      // And made its key frames at its own pace.
      const keys = recorder.units.filter((u) => u.key).map((u) => u.at);
      // The clip's last group before it starts again is shorter than the others.
      const between = keys.slice(1).map((at, i) => at - keys[i]);
      assert.ok(Math.max(...between) > 4500, JSON.stringify(between));
      const summary = await recorder.stop();
      assert.deepEqual([summary.lost, summary.late, summary.missed], [0, 0, 0]);
    } catch (error) {
      throw explain(error, { log: opened?.log, relay });
    } finally {
      await opened?.close();
      await recorder?.kill();
      await relay?.stop();
      await tap.stop();
      await camera.stop();
    }
  },
);

test("the replay of 1080p at 8 Mbit/s loses no packet", async (t) => {
  // Noise that moves, so that the encoder uses its whole bit rate.
  const clip = await makeClip("1080p-8m-6s.mp4", [
    ...["-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=25:duration=18,noise=alls=12:allf=t"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-pix_fmt", "yuv420p"],
    ...["-b:v", "8M", "-minrate", "8M", "-maxrate", "8M", "-bufsize", "4M", "-nal-hrd", "cbr"],
    ...["-g", "150", "-keyint_min", "150", "-sc_threshold", "0"],
  ]);
  let relay;
  let first;
  let second;
  let opened;
  try {
    relay = await startRelay({ hd: { source: clip, loop: true } });
    first = await startRecorder(relay, "hd");
    opened = await openPlayerPage(browser, relay);
    for (let i = 0; i < 2; i++) {
      await keyOfAge(first, 4000, 4500);
      second = await startRecorder(relay, "hd");
      const joined = opened.page.evaluate(async () => {
        // The video element: at this size drawing by a GPU made of software would be the bottleneck.
        const element = play({ stream: "hd", rung: "video" });
        await until(element, (s) => s.frames > 0 && s.packetsLost !== null);
        await new Promise((resolve) => setTimeout(resolve, 6000));
        const state = element.snapshot;
        const report = [...(await connections.at(-1).getStats()).values()].find(
          (r) => r.type === "inbound-rtp",
        );
        element.remove();
        return { state, report };
      });
      await second.started();
      const { state, report } = await joined;
      const summary = await second.stop();
      const replayed = summary.units.filter((u) => u.at - summary.units[0].at < 900).length;
      t.diagnostic(
        `viewer: ${summary.packets} packets, ${summary.lost} lost, ${replayed} pictures in 0.9 s; ` +
          `browser: ${report.packetsReceived} packets, ${report.packetsLost} lost, ` +
          `${report.nackCount} NACK, ${report.pliCount} PLI`,
      );
      // It was a replay at all: 25 frames/s live.
      assert.ok(replayed > 60, `only ${replayed} pictures in the first 0.9 s`);
      assert.deepEqual([summary.lost, summary.late, summary.missed], [0, 0, 0]);
      assert.equal(report.packetsLost, 0);
      assert.equal(state.packetsLost, 0);
      assert.equal(state.height, 1080);
    }
    const { video } = await relay.stream("hd");
    t.diagnostic(
      `${(video.bits_per_s / 1e6).toFixed(2)} Mbit/s, ${video.gop_s} s between key frames`,
    );
    assert.ok(video.bits_per_s > 7e6, `only ${video.bits_per_s} bit/s`);
    assert.ok(video.gop_s >= 4);
  } catch (error) {
    throw explain(error, { log: opened?.log, relay });
  } finally {
    await opened?.close();
    await first?.kill();
    await second?.kill();
    await relay?.stop();
  }
});
