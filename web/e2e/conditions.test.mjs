// Sources that cannot work: each tells one condition (what, why, fix) in the log, the API and the
// page, and costs neither the other streams nor the processor anything.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { startCamera } from "./support/camera.mjs";
import { carClip, freePort, relayProgram, scratch, withShared } from "./support/places.mjs";
import { explain, openRelayPage } from "./support/player.mjs";
import { eventually, Program, sleep } from "./support/process.mjs";
import { startRelay } from "./support/relay.mjs";
import { makeClip } from "./support/video.mjs";

const secret = "wr0ng#p@ss/word";

/** The condition that each stream must tell. */
const wanted = {
  "wrong-path": "source-not-found",
  "wrong-password": "source-unauthorized",
  "closed-port": "source-unreachable",
  "no-video-file": "source-not-media",
  "sound-only": "source-no-video",
  lossless: "source-codec-unsupported",
};

let browser;

before(async () => {
  browser = await startBrowser();
});

after(() => browser?.close());

/** Asserts that a condition says what is wrong, why, and what to do. */
function complete(condition, where, parts = ["title", "text", "fix"]) {
  for (const part of parts) {
    assert.ok(condition[part]?.length > 8, `${where}: no ${part}: ${JSON.stringify(condition)}`);
  }
}

test("each fault of a source tells one condition everywhere", withShared, async (t) => {
  const { folder, remove } = await scratch();
  const cameras = [];
  let relay;
  let view;
  try {
    const text = path.join(folder, "notes.mp4");
    await writeFile(text, "This is no video.\n".repeat(200));
    const sound = await makeClip("sound-only.mp4", [
      ...["-f", "lavfi", "-i", "sine=frequency=440:duration=5", "-c:a", "aac"],
    ]);
    const lossless = await makeClip("lossless.mkv", [
      ...["-f", "lavfi", "-i", "testsrc2=duration=2", "-c:v", "ffv1"],
    ]);
    cameras.push(
      await startCamera(carClip()),
      await startCamera(carClip(), "--auth", "admin:right"),
    );
    const [open, locked] = cameras;
    const always = { on_demand: false };
    relay = await startRelay(
      {
        good: { source: carClip(), loop: true, ...always },
        "wrong-path": { source: open.url.replace("/cam", "/nowhere"), ...always },
        "wrong-password": {
          source: { url: locked.url, user: "admin", password_env: "TEST_CAMERA_PASSWORD" },
          ...always,
        },
        "closed-port": { source: `rtsp://127.0.0.1:${await freePort()}/cam`, ...always },
        "no-video-file": { source: text, ...always },
        "sound-only": { source: sound, ...always },
        lossless: { source: lossless, ...always },
      },
      { env: { TEST_CAMERA_PASSWORD: secret }, level: "debug" },
    );
    const told = {};
    for (const [name, code] of Object.entries(wanted)) {
      const info = await eventually(
        `a condition of ${name}`,
        async () => {
          const info = await relay.stream(name);
          return info.conditions.length > 0 ? info : null;
        },
        { ms: 30_000 },
      );
      assert.deepEqual(
        info.conditions.map((c) => c.code),
        [code],
        `${name}: ${JSON.stringify(info.conditions)}`,
      );
      [told[name]] = info.conditions;
      complete(told[name], `API, ${name}`);
      assert.ok(["failed", "backoff", "connecting"].includes(info.state), info.state);
      t.diagnostic(`${name}: ${code}: ${told[name].text}`);
    }
    // Time for further tries of those that are tried again; nothing may spin meanwhile.
    const before = await relay.cpuSeconds();
    await sleep(5000);
    const used = (await relay.cpuSeconds()) - before;
    t.diagnostic(`the relay used ${used.toFixed(2)} s of processor time in 5 s`);
    assert.ok(used < 1.5, `${used} s of processor time in 5 s`);
    const good = await relay.stream("good");
    assert.equal(good.state, "live");
    assert.deepEqual(good.conditions, []);
    const failures = relay.log().filter((entry) => entry.msg === "source failed");
    for (const [name, code] of Object.entries(wanted)) {
      const own = failures.filter((entry) => entry.stream === name);
      const loud = own.filter((entry) => entry.level !== "DEBUG");
      assert.equal(loud.length, 1, `log, ${name}: ${JSON.stringify(loud)}`);
      assert.equal(loud[0].condition.code, code);
      // The code stands for the title there.
      complete(loud[0].condition, `log, ${name}`, ["code", "text", "fix"]);
      assert.ok(own.length <= 12, `${name} was tried ${own.length} times`);
    }
    view = await openRelayPage(browser, relay.url);
    await sleep(2000);
    await view.screenshot("conditions-grid");
    for (const [name, { code, title, fix }] of Object.entries(told)) {
      await view.page.goto(relay.at(`/view/${name}`));
      const notices = await eventually(
        `the page of ${name} tells its condition`,
        async () => {
          const notices = await view.notices();
          return notices.length > 0 && notices[0].code === code ? notices : null;
        },
        { ms: 30_000, note: view.notices },
      );
      // And no other comes beside it.
      await sleep(1000);
      assert.equal((await view.notices()).length, 1, JSON.stringify(await view.notices()));
      complete(notices[0], `page, ${name}`);
      assert.ok(notices[0].title.includes(title), notices[0].title);
      assert.equal(notices[0].fix, fix);
      await view.screenshot(`condition-${name}`);
    }
    const ready = await relay.api("/readyz");
    for (const [name, code] of Object.entries(wanted)) {
      const codes = ready.conditions[`stream/${name}`]?.map((c) => c.code);
      assert.deepEqual(codes, [code], `readyz, ${name}`);
    }
    assert.equal(relay.result, null, "the relay has ended");
    const metrics = await (await fetch(relay.at("/metrics"))).text();
    const everything = [relay.output, metrics, JSON.stringify(await relay.api("/api/v1/streams"))];
    for (const words of everything) {
      assert.ok(!words.includes(secret) && !words.includes(encodeURIComponent(secret)));
    }
    assert.equal(await relay.stop(), 0);
  } catch (error) {
    throw explain(error, { log: view?.log, relay });
  } finally {
    await view?.close();
    await relay?.stop();
    for (const camera of cameras) await camera.stop();
    await remove();
  }
});

for (const [what, address] of [
  ["http.listen", (relay) => ["--listen", new URL(relay.url).host, "--webrtc-port", "0"]],
  [
    "webrtc.port",
    async (relay) => {
      const { webrtc_port } = await relay.api("/api/v1/relay");
      return ["--listen", "127.0.0.1:0", "--webrtc-port", String(webrtc_port)];
    },
  ],
]) {
  test(`a port in use (${what}) ends the second relay with one condition`, async (t) => {
    const { folder, remove } = await scratch();
    const relay = await startRelay({ demo: { source: "demo:?size=320x180&fps=5" } });
    let second;
    try {
      second = new Program(
        relayProgram(),
        ["demo", "--data-dir", folder, ...(await address(relay))],
        { name: "the second relay" },
      );
      const timer = setTimeout(() => second.signal("SIGKILL"), 30_000);
      const result = await second.ended;
      clearTimeout(timer);
      t.diagnostic(second.output.trim());
      assert.equal(result, 1, second.output);
      assert.match(
        second.output,
        new RegExp(`${what.replace(".", "\\.")}.*used by another program`),
      );
      assert.equal(second.output.match(/used by another program/g).length, 1, second.output);
      assert.match(second.output, /fix|stop it|another port/i);
      assert.doesNotMatch(second.output, /panic|goroutine/);
      assert.equal((await fetch(relay.at("/healthz"))).status, 200);
    } finally {
      await second?.kill();
      await relay.stop();
      await remove();
    }
  });
}
