// What browsers cannot decode is shown all the same, and the page says why it is transcoded.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { blue, red, showsColours } from "./support/colours.mjs";
import { explain, openPlayerPage } from "./support/player.mjs";
import { startRelay } from "./support/relay.mjs";
import { makeClip } from "./support/video.mjs";

let browser;

before(async () => {
  browser = await startBrowser();
});

after(() => browser?.close());

/** A clip of two halves, red and blue, coded as the arguments say. */
function clip(name, ...args) {
  const filter =
    "color=red:size=160x240:rate=15[l];color=blue:size=160x240:rate=15[r];[l][r]hstack";
  return makeClip(name, ["-f", "lavfi", "-i", filter, "-t", "3", "-pix_fmt", "yuv420p", ...args]);
}

const cases = {
  h265: ["h265.mp4", "H.265", "-c:v", "libx265", "-x265-params", "log-level=error"],
  bframes: ["bframes.ts", "B-frames", "-c:v", "libx264", "-bf", "3", "-b_strategy", "0"],
  mjpeg: ["mjpeg.avi", "Motion JPEG", "-c:v", "mjpeg", "-q:v", "2", "-strict", "-1"],
};

for (const [stream, [file, reason, ...args]] of Object.entries(cases)) {
  test(`${reason}: a viewer sees it, and why it is transcoded`, async () => {
    const relay = await startRelay({
      [stream]: { source: await clip(file, ...args), loop: true },
    });
    let opened;
    try {
      opened = await openPlayerPage(browser, relay);
      const shown = await showsColours(opened.page, stream, [red, blue]);
      assert.ok(shown.ok, JSON.stringify(shown));
      const { conditions, video } = await relay.stream(stream);
      assert.equal(video.codec, "H264");
      assert.deepEqual(
        conditions.map((c) => c.code),
        ["stream-transcoded"],
      );
      assert.ok(conditions[0].text.includes(reason), conditions[0].text);
    } catch (error) {
      throw explain(error, { relay, ...opened });
    } finally {
      await opened?.close();
      await relay.stop();
    }
  });
}
