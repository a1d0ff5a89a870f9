// All of it at once on the dashboard: an RTSP camera, a file whose people the relay finds, and the demo,
// which this browser's own detectors watch. Screenshots stay in .cache/e2e.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { openPage, startBrowser } from "./browser.mjs";
import { startCamera } from "./support/camera.mjs";
import { cache, carClip, model, scratch, video, withShared } from "./support/places.mjs";
import { explain } from "./support/player.mjs";
import { eventually, runToEnd } from "./support/process.mjs";
import { startRelay } from "./support/relay.mjs";

/** Generous: two cores, and a GPU that is a program. */
const patience = 180_000;

let browser;
let camera;
let folder;
let relay;

before(async () => {
  if (withShared.skip) return;
  folder = await scratch();
  // As it is the clip has B-frames, which browsers cannot show.
  const people = path.join(folder.folder, "people.mp4");
  const encoding = [
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-bf",
    "0",
    "-g",
    "20",
    "-an",
    people,
  ];
  const clip = video("one-by-one-person-detection.mp4");
  await runToEnd("ffmpeg", ["-v", "error", "-nostdin", "-t", "40", "-i", clip, ...encoding]);
  camera = await startCamera(carClip());
  relay = await startRelay(
    {
      camera: { source: camera.url },
      people: {
        source: people,
        loop: true,
        analyze: { where: "relay", model: "fastestdet", fps: 5, classes: ["person"] },
      },
      demo: { source: "demo:?size=640x360&fps=8&hour=12" },
    },
    { models: { fastestdet: model("fastestdet-352.onnx") } },
  );
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await relay?.stop();
  await camera?.stop();
  await folder?.remove();
});

/** Runs in the page: the players by stream, and what the relay says of the people's stream. */
function installHelpers() {
  globalThis.players = () =>
    Object.fromEntries(
      [...document.querySelectorAll("sightline-player")].map((e) => [e.getAttribute("stream"), e]),
    );
  globalThis.hear = (stream) => {
    globalThis.heard = new Map();
    const socket = new WebSocket(new URL("/api/v1/ws", location.href.replace(/^http/, "ws")));
    socket.onopen = () =>
      socket.send(JSON.stringify({ v: 1, type: "hello", token: "", streams: [{ name: stream }] }));
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "detections") heard.set(message.rtp, message);
    };
  };
}

const shot = (page, name) =>
  page.screenshot({ path: path.join(cache(), `dashboard-boxes-${name}.png`) });

/** Reads pictures off a player's canvas until so many have boxes of their own, not predicted ones. */
const readBoxes = (page, stream, wanted, ms) =>
  page.evaluate(
    async ({ stream, wanted, ms }) => {
      const own = [];
      const end = performance.now() + ms;
      while (own.length < wanted && performance.now() < end) {
        await players()[stream].readPixels(5, "canvas", ({ rtp, keySource, labels, predicted }) => {
          if (labels.length > 0 && predicted === 0) own.push({ rtp, keySource, labels });
        });
      }
      return own;
    },
    { stream, wanted, ms },
  );

test("a camera, a file and the demo with their boxes on the dashboard", {
  ...withShared,
  timeout: 2 * patience + 120_000,
}, async (t) => {
  const { page, log, close } = await openPage(browser, { viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(patience);
  try {
    await page.addInitScript(installHelpers);
    await page.goto(relay.url);

    // All three play.
    await page.waitForFunction(() => {
      const all = Object.values(players());
      return all.length === 3 && all.every((p) => p.snapshot?.frames > 10);
    });
    for (const [name, state] of Object.entries(
      await page.evaluate(() =>
        Object.fromEntries(Object.entries(players()).map(([k, p]) => [k, p.snapshot])),
      ),
    )) {
      assert.equal(state.rung, "processor", `${name}: ${state.rungReason}`);
    }
    await page.evaluate(() => {
      hear("people");
      players().demo.setAttribute("detect", "on");
    });

    // Boxes of people, each on the picture that the relay found it on.
    const own = await readBoxes(page, "people", 5, patience);
    assert.ok(own.length >= 5, `${own.length} pictures show people`);
    const heard = await page.evaluate(() => [...heard.values()]);
    const byKey = new Map(heard.map((d) => [d.rtp, d]));
    const matched = own.filter((o) => byKey.has(o.rtp));
    // The socket may have opened after the first of them.
    assert.ok(matched.length > 0, "no picture shown was heard of");
    for (const { rtp, keySource, labels } of matched) {
      assert.equal(keySource, "frame-metadata");
      const found = byKey.get(rtp).objects.map((o) => o.label);
      assert.deepEqual([...labels].sort(), found.sort(), `picture ${rtp}`);
      assert.ok(labels.every((l) => l === "person"));
    }
    t.diagnostic(`${matched.length} pictures compared by their keys, of ${own.length} read`);
    await shot(page, "grid");

    // Events of both worlds, with their pictures.
    const event = async (stream, kind) =>
      eventually(
        `an event of ${kind} in ${stream} with a picture`,
        async () => {
          const { events } = await relay.api(`/api/v1/events?stream=${stream}&kind=${kind}`);
          return events.find((e) => e.snapshot !== undefined && e.snapshot !== "");
        },
        { ms: patience, every: 500 },
      );
    const entered = await event("people", "object");
    assert.equal(entered.origin, "relay");
    assert.equal(entered.label, "person");
    assert.ok(entered.boxes.length > 0);
    const moved = await event("demo", "motion");
    assert.equal(moved.origin, "client");
    // The list shows them, with pictures that load.
    for (const title of ["person", "Motion"]) {
      const item = page.locator(".events > li", { hasText: title }).first();
      await item.scrollIntoViewIfNeeded();
      await item.locator("img").waitFor();
      await page.waitForFunction(
        (img) => img.naturalWidth > 0,
        await item.locator("img").elementHandle(),
      );
    }
    await shot(page, "events");

    // What detects where, on a stream's own page.
    await page.goto(relay.at("/view/people"));
    await page.waitForFunction(() => players().people?.snapshot?.annotations?.shown > 3);
    if (await page.locator("#panel").isHidden()) await page.keyboard.press("i");
    const panel = page.locator(".panel-detection");
    await panel.scrollIntoViewIfNeeded();
    await panel.getByText("fastestdet (relay, cpu)").waitFor();
    assert.deepEqual(await panel.locator(".legend li").allTextContents(), [
      "Relay",
      "This browser",
      "Predicted",
    ]);
    const rows = await panel.locator(".rows").innerText();
    assert.match(rows, /Pictures with their boxes\s+[1-9]/);
    await shot(page, "view");
    t.diagnostic(rows.replaceAll("\n", " "));
  } catch (error) {
    await shot(page, "failed").catch(() => {});
    throw explain(error, { log, relay, page });
  } finally {
    await close();
  }
});
