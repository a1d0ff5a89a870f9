// GB/T 28181 devices on the page: simulated ones register with a real relay, the page lists them
// with their channels, and a channel's picture is drawn.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, startBrowser } from "./browser.mjs";
import { carClip, relayProgram, withShared } from "./support/places.mjs";
import { eventually, Program } from "./support/process.mjs";
import { startRelay } from "./support/relay.mjs";

const platform = "34020000002000000001";
const device = "34020000001110000001";
const channel = "34020000001310000001";
const env = { GB_PASSWORD: "a secret of the test" };

let browser;

before(async () => {
  browser = await startBrowser();
});

after(() => browser?.close());

/** Starts a relay that is a platform, and devices that register with it. */
async function startDevices(...flags) {
  const config = {
    gb28181: {
      listen: "127.0.0.1:0",
      id: platform,
      password_env: "GB_PASSWORD",
      media_ports: "0",
      keepalive: "2s",
    },
  };
  const relay = await startRelay({}, { config, env });
  const list = await relay.api("/api/v1/gb28181/devices");
  const args = ["gb-device", "--server", list.platform.listen, "--media", carClip(), ...flags];
  const start = () =>
    new Program(relayProgram(), [...args, "--keepalive", "1s"], { env, name: "the device" });
  return { relay, start };
}

const live = (relay) => async () => (await relay.stream(`${device}.${channel}`)).state === "live";

for (const flags of [
  ["--transport", "udp", "--quirks", "charset-gb,ps-small-pes,answer-no-to-tag,other-ssrc"],
  ["--transport", "tcp"],
]) {
  test(`devices on the page, ${flags.join(" ")}`, withShared, async () => {
    const { relay, start } = await startDevices("--channels", "3", ...flags);
    let simulated = start();
    const { page, log, close } = await openPage(browser);
    try {
      await page.goto(relay.url);
      const row = page.locator(".device");
      await row.locator("text=online").waitFor({ timeout: 60_000 });
      assert.match(await page.locator(".devices h2").textContent(), /^1 device, 1 online$/);
      await eventually("three channels", async () =>
        (await row.locator("summary").textContent()).includes("3 channels"),
      );
      await row.locator("summary").click();
      await page.locator(".channel a").nth(2).waitFor();
      assert.equal(await page.locator(".channel a").first().textContent(), "Camera 1");
      await page.locator(".channel a").first().click();
      await page.waitForURL(`**/view/${device}.${channel}`);
      const moving = () =>
        page.evaluate(() => {
          const s = document.querySelector("sightline-player")?.snapshot;
          return s && s.frames > 20 ? { frames: s.frames, size: `${s.width}x${s.height}` } : null;
        });
      const seen = await eventually("a moving picture", moving, { note: () => log });
      assert.ok(seen.frames > 20);
      await eventually("live", live(relay));

      // Without power: offline by the keepalive rule, and back by itself.
      await simulated.kill();
      await eventually("offline", async () => {
        const d = await relay.api(`/api/v1/gb28181/devices/${device}`);
        return d.online === false;
      });
      simulated = start();
      await eventually("live again", live(relay));
      const before = (await moving()).frames;
      await eventually("the picture again", async () => (await moving()).frames > before + 10);
    } finally {
      await close();
      await simulated.stop();
      await relay.stop();
    }
  });
}
