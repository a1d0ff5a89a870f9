// A camera that dies or falls silent and comes back: the relay recovers by itself, and the viewer
// keeps its page and its session.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBrowser } from "./browser.mjs";
import { startCamera } from "./support/camera.mjs";
import { carClip, withShared } from "./support/places.mjs";
import { explain, openRelayPage } from "./support/player.mjs";
import { eventually, sleep } from "./support/process.mjs";
import { startRelay } from "./support/relay.mjs";

let browser;

before(async () => {
  browser = await startBrowser();
});

after(() => browser?.close());

/** Waits until the picture moves and nothing is wrong. */
async function moving(view, relay) {
  const before = (await view.snapshot())?.rtp ?? null;
  await eventually(
    "the picture moves",
    async () => {
      const s = await view.snapshot();
      const { state, conditions } = await relay.stream("gate");
      return (
        s?.phase === "playing" &&
        s.rtp !== null &&
        s.rtp !== before &&
        s.conditions.length === 0 &&
        state === "live" &&
        conditions.length === 0 &&
        (await view.notices()).length === 0
      );
    },
    { ms: 90_000, every: 300, note: view.snapshot },
  );
}

/** Waits until page and API tell the same condition; returns it. */
async function told(view, relay, codes) {
  return eventually(
    `a condition of ${codes}`,
    async () => {
      const { conditions, state } = await relay.stream("gate");
      const notices = await view.notices();
      if (conditions.length === 0 || notices.length === 0) return null;
      const [told] = conditions;
      if (!codes.includes(told.code) || notices[0].code !== told.code) return null;
      assert.equal(conditions.length, 1, JSON.stringify(conditions));
      assert.equal(notices.length, 1, JSON.stringify(notices));
      assert.notEqual(state, "live");
      assert.notEqual(notices[0].title, "");
      assert.notEqual(notices[0].text, "");
      assert.notEqual(notices[0].fix, "");
      return told;
    },
    { ms: 60_000, every: 200, note: view.notices },
  );
}

/** What happens to the camera, how it ends, and what may be told meanwhile. */
const faults = [
  { name: "killed", codes: ["source-unreachable"] },
  { name: "frozen, then thawed", codes: ["source-silent"] },
  { name: "killed again", codes: ["source-unreachable"] },
  { name: "frozen again, then restarted", codes: ["source-silent"] },
];

test(
  "a camera killed and frozen, twice each: the viewer keeps its session",
  withShared,
  async (t) => {
    const camera = await startCamera(carClip());
    let relay;
    let view;
    try {
      relay = await startRelay(
        { gate: { source: camera.url, transport: "tcp" } },
        { level: "debug" },
      );
      view = await openRelayPage(browser, relay.at("/view/gate"));
      await moving(view, relay);
      await view.page.evaluate(() => {
        globalThis.kept = document.querySelector("sightline-player");
      });
      for (const [i, fault] of faults.entries()) {
        const begun = Date.now();
        if (fault.name.startsWith("killed")) await camera.kill();
        else camera.freeze();
        const condition = await told(view, relay, fault.codes);
        const after = Date.now() - begun;
        // Long enough for several tries.
        await sleep(4000);
        await view.screenshot(`fault-${i}`);
        const back = Date.now();
        if (fault.name.endsWith("thawed")) {
          camera.thaw();
        } else {
          await camera.kill();
          await camera.start();
        }
        await moving(view, relay);
        t.diagnostic(
          `${fault.name}: told after ${after} ms (${condition.code}: ${condition.text}), ` +
            `picture ${Date.now() - back} ms after the camera began to return`,
        );
      }
      // One session from beginning to end, in the same page.
      assert.deepEqual(view.counts, { posts: 1, deletes: 0, loads: 1 });
      assert.ok(
        await view.page.evaluate(() => kept === document.querySelector("sightline-player")),
      );
      const info = await relay.stream("gate");
      assert.equal(info.viewers, 1);
      assert.ok(info.restarts >= faults.length, `${info.restarts} restarts`);
      // Tries are spaced out, the more the longer it lasts; each kind of failure is told once a fault.
      const failures = relay.log().filter((entry) => entry.msg === "source failed");
      t.diagnostic(`${failures.length} failed tries in all`);
      assert.ok(
        failures.length >= faults.length && failures.length <= 60,
        `${failures.length} tries`,
      );
      const loud = failures.filter((entry) => entry.level !== "DEBUG");
      assert.ok(loud.length <= 3 * faults.length, JSON.stringify(loud, null, 1));
      await view.screenshot("fault-over");
    } catch (error) {
      throw explain(error, { log: view?.log, relay });
    } finally {
      await view?.close();
      await relay?.stop();
      await camera.stop();
    }
  },
);
