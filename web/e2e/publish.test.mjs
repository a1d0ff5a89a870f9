// Streams that are published to the relay: a browser by WHIP, FFmpeg by HTTP. What a viewer's canvas
// shows is what was sent.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { blue, lime, red, showsColours } from "./support/colours.mjs";
import { explain, openPlayerPage } from "./support/player.mjs";
import { eventually } from "./support/process.mjs";
import { startRelay } from "./support/relay.mjs";

let browser;

before(async () => {
  browser = await startBrowser();
});

after(() => browser?.close());

/** Code of the publishing page: sends a canvas by WHIP, left half red, right half blue or green. */
function publisher() {
  const canvas = document.createElement("canvas");
  canvas.width = 320;
  canvas.height = 240;
  document.body.append(canvas);
  const context = canvas.getContext("2d");
  let n = 0;
  globalThis.right = "blue";
  setInterval(() => {
    n += 1;
    context.fillStyle = "red";
    context.fillRect(0, 0, 160, 240);
    context.fillStyle = right;
    context.fillRect(160, 0, 160, 240);
    context.fillStyle = "black"; // something moves
    context.fillRect((n * 4) % 320, 0, 8, 20);
  }, 66);
  const stream = canvas.captureStream(15);
  globalThis.publish = async (endpoint, codec) => {
    const connection = new RTCPeerConnection();
    const transceiver = connection.addTransceiver(stream.getVideoTracks()[0], {
      direction: "sendonly",
      streams: [stream],
    });
    const { codecs } = RTCRtpSender.getCapabilities("video");
    transceiver.setCodecPreferences(codecs.filter((c) => c.mimeType === codec));
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== "complete") {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/sdp" },
      body: connection.localDescription.sdp,
    });
    const body = await response.text();
    if (response.status !== 201) return { status: response.status, ...JSON.parse(body) };
    await connection.setRemoteDescription({ type: "answer", sdp: body });
    globalThis.session = { connection, location: response.headers.get("Location") };
    return { status: 201 };
  };
}

test("a browser publishes by WHIP, and viewers see it", async (t) => {
  const relay = await startRelay({ studio: { source: "whip" } });
  const pages = [];
  try {
    const far = await openPlayerPage(browser, relay);
    pages.push(far);
    await far.page.evaluate(publisher);
    const refused = await far.page.evaluate(() => publish("/whip/studio", "video/VP8"));
    assert.deepEqual([refused.status, refused.code], [406, "publish-refused"]);
    const answer = await far.page.evaluate(() => publish("/whip/studio", "video/H264"));
    assert.equal(answer.status, 201, JSON.stringify(answer));
    const near = await openPlayerPage(browser, relay);
    pages.push(near);
    const first = await showsColours(near.page, "studio", [red, blue]);
    assert.ok(first.ok, JSON.stringify(first));
    const info = await relay.stream("studio");
    assert.equal(info.state, "live");
    assert.equal(info.video.transport, "webrtc");
    assert.deepEqual(info.conditions, []);
    t.diagnostic(
      `${info.video.width}x${info.video.height} at ${Math.round(info.video.bits_per_s / 1000)} kbit/s`,
    );

    // Who comes later begins with a key frame too, which the browser sends only when asked.
    await eventually("key frames are asked for", async () => {
      const { received } = await relay.stream("studio");
      return received.key_frames >= 4;
    });
    await far.page.evaluate(() => {
      globalThis.right = "lime";
    });
    const late = await openPlayerPage(browser, relay);
    pages.push(late);
    const second = await showsColours(late.page, "studio", [red, lime]);
    assert.ok(second.ok, JSON.stringify(second));

    const busy = await late.page
      .evaluate(publisher)
      .then(() => late.page.evaluate(() => publish("/whip/studio", "video/H264")));
    assert.deepEqual([busy.status, busy.code], [409, "publisher-busy"]);

    // The publisher leaves, and comes back.
    await far.page.evaluate(async () => {
      await fetch(session.location, { method: "DELETE" });
      session.connection.close();
    });
    await eventually("the stream says that nobody publishes", async () => {
      const { conditions } = await relay.stream("studio");
      return conditions.some((c) => c.code === "source-no-publisher");
    });
    await far.page.evaluate(() => {
      globalThis.right = "blue";
    });
    const again = await far.page.evaluate(() => publish("/whip/studio", "video/H264"));
    assert.equal(again.status, 201, JSON.stringify(again));
    const third = await showsColours(late.page, "studio", [red, blue]);
    assert.ok(third.ok, JSON.stringify(third));
  } catch (error) {
    throw explain(error, { relay, ...pages.at(-1) });
  } finally {
    for (const page of pages) await page.close();
    await relay.stop();
  }
});

test("FFmpeg publishes by HTTP, and a viewer sees it", async () => {
  const relay = await startRelay({ gate: { source: "push" } });
  let opened;
  let ffmpeg;
  try {
    const colours =
      "color=red:size=160x240:rate=15[l];color=blue:size=160x240:rate=15[r];[l][r]hstack";
    // biome-ignore format: one option a line is no easier to read
    ffmpeg = spawn("ffmpeg", ["-v", "error", "-re", "-f", "lavfi", "-i", colours, "-pix_fmt", "yuv420p", "-c:v", "libx264",
      "-preset", "ultrafast", "-tune", "zerolatency", "-g", "15", "-f", "mpegts", "-method", "POST", relay.at("/push/gate")],
      { stdio: "inherit" });
    opened = await openPlayerPage(browser, relay);
    const shown = await showsColours(opened.page, "gate", [red, blue]);
    assert.ok(shown.ok, JSON.stringify(shown));
  } catch (error) {
    throw explain(error, { relay, ...opened });
  } finally {
    await opened?.close();
    ffmpeg?.kill("SIGKILL");
    await relay.stop();
  }
});
