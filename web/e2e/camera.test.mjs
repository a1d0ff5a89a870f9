// From a real RTSP camera to the canvas: the pixels that the GPU draws are those that FFmpeg decodes
// from the same RTP, frame by frame. How an external texture interpolates chroma is the browser's
// affair, so there each pixel must lie between the colours that the chroma samples around it give;
// and as browsers also turn the camera's primaries into sRGB's, saturated pixels may be off.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { startCamera } from "./support/camera.mjs";
import { carClip, scratch, withShared } from "./support/places.mjs";
import { explain, openPlayerPage } from "./support/player.mjs";
import { eventually } from "./support/process.mjs";
import { startRecorder } from "./support/recorder.mjs";
import { startRelay } from "./support/relay.mjs";
import { decode, pixelReader, places, probe } from "./support/video.mjs";

/** Compared for each frame. */
const samples = 1000;
/**
 * How many frames have to be compared (a few more are read, in case the recorder lacks some), and
 * which part of the pixels may be off.
 */
const planes = { least: 50, read: 60, most: 0 };
const external = { least: 15, read: 20, most: 0.05 };
/** Of 255. */
const tolerance = 3;

let browser;

before(async () => {
  browser = await startBrowser();
});

after(() => browser?.close());

/** Reads frames off the canvas: their RTP timestamps and the sampled pixels. */
async function readCanvas(page, path, count) {
  const { state, copies } = await page.evaluate(
    async ([path, count, samples]) => {
      globalThis.element ??= play({ stream: "gate", overlay: "none", resolution: "picture", path });
      element.setAttribute("path", path);
      await until(element, (s) => s.frames > 3 && s.rtp !== null && s.path === path);
      const copies = [];
      await element.readPixels(count, "canvas", (copy) => {
        const { width, height, rtp, keySource, path } = copy;
        const data = new Uint8Array(copy.pixels);
        const pixels = places(rtp, samples, width, height).flatMap(([x, y]) =>
          pixelOf(copy, data, x, y),
        );
        copies.push({ width, height, rtp, keySource, path, pixels, variance: varianceOf(copy) });
      });
      return { state: element.snapshot, copies };
    },
    [path, count, samples],
  );
  assert.equal(state.rung, "processor", state.rungReason);
  assert.equal(copies.length, count);
  for (const copy of copies) {
    assert.equal(copy.path, path);
    assert.equal(copy.keySource, "frame-metadata");
    assert.equal(`${copy.width}x${copy.height}`, "768x432");
    assert.ok(copy.variance > 100, `the picture is flat: ${copy.variance}`);
  }
  assert.equal(new Set(copies.map((c) => c.rtp)).size, count, "a frame was read twice");
  return copies;
}

/** Compares the canvas with what FFmpeg makes of the recording. */
async function compare(copies, recording) {
  const byKey = new Map(copies.map((c) => [c.rtp, c]));
  const video = await probe(recording.video);
  const { width, height } = video;
  const pixel = pixelReader(video);
  const results = {};
  const decoded = await decode(recording.video, width, height, (number, frame) => {
    const { rtp } = recording.units[number];
    const copy = byKey.get(rtp);
    if (!copy) return;
    byKey.delete(rtp);
    results[copy.path] ??= { frames: 0, pixels: 0, off: 0, difference: 0 };
    const result = results[copy.path];
    result.frames += 1;
    places(rtp, samples, width, height).forEach(([x, y], i) => {
      const wanted = copy.path === "planes" ? [pixel(frame, x, y)] : pixel.around(frame, x, y);
      let worst = 0;
      result.pixels += 1;
      for (let channel = 0; channel < 3; channel++) {
        const got = copy.pixels[3 * i + channel];
        const want = wanted.map((w) => w[channel]);
        const difference = Math.max(0, got - Math.max(...want), Math.min(...want) - got);
        worst = Math.max(worst, difference);
        if (difference > result.difference) {
          Object.assign(result, { difference, rtp, x, y, channel, got, want });
        }
      }
      if (worst > tolerance) result.off += 1;
    });
  });
  // Else access units and decoded frames would not belong together.
  assert.equal(decoded, recording.units.length);
  return results;
}

for (const transport of ["tcp", "udp"]) {
  test(`the canvas shows what FFmpeg decodes, camera over ${transport}`, withShared, async (t) => {
    const camera = await startCamera(carClip());
    const { folder, remove } = await scratch();
    let relay;
    let recorder;
    let opened;
    try {
      relay = await startRelay({ gate: { source: camera.url, transport } });
      opened = await openPlayerPage(browser, relay);
      recorder = await startRecorder(relay, "gate", { folder });
      await recorder.started();
      const copies = await readCanvas(opened.page, "planes", planes.read);
      if (transport === "tcp") {
        copies.push(...(await readCanvas(opened.page, "external", external.read)));
      }
      const last = copies.at(-1).rtp;
      await eventually(
        "the last frame read is recorded",
        () => recorder.units.some((u) => ((u.rtp - last) | 0) > 0),
        { ms: 20_000 },
      );
      const info = await relay.stream("gate");
      assert.equal(info.video.transport, transport);
      assert.equal(info.state, "live");
      assert.deepEqual(info.conditions, []);
      const recording = await recorder.stop();
      assert.deepEqual([recording.lost, recording.late, recording.missed], [0, 0, 0]);
      const results = await compare(copies, recording);
      for (const [path, { least, most }] of Object.entries({ planes, external })) {
        const result = results[path];
        if (transport !== "tcp" && path === "external") continue;
        t.diagnostic(`${path}: ${JSON.stringify(result)}`);
        assert.ok(result.frames >= least, `only ${result.frames} frames could be compared`);
        assert.equal(result.pixels, samples * result.frames);
        assert.ok(result.off <= most * result.pixels, `${path}: ${JSON.stringify(result)}`);
      }
    } catch (error) {
      throw explain(error, { log: opened?.log, relay });
    } finally {
      await opened?.close();
      await recorder?.kill();
      await relay?.stop();
      await camera.stop();
      await remove();
    }
  });
}
