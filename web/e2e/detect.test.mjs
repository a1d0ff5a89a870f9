// This browser's own detectors on the demo camera: what moves is found on the frames it is on, and a
// covered lens is noticed and told to the relay.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, startBrowser } from "./browser.mjs";
import { startRelay } from "./support/relay.mjs";

let browser;
let relay;

before(async () => {
  // Small and slow, because the tests' GPU is a program.
  const covers = "cover=50s-58s&cover=80s-88s&cover=110s-118s";
  relay = await startRelay({
    demo: { source: `demo:?size=640x360&fps=10&hour=12&${covers}`, on_demand: false },
  });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await relay?.stop();
});

/** Keeps the page's worker and what it sends, before the page makes it. */
function watchWorker() {
  globalThis.detected = { figures: [], noticed: [], problems: [] };
  const Original = globalThis.Worker;
  globalThis.Worker = class extends Original {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => {
        if (data.type === "detectors") globalThis.detected.figures.push(data.detectors);
        if (data.type === "noticed") globalThis.detected.noticed.push(data);
        if (data.type === "problem") globalThis.detected.problems.push(data.text);
      });
    }
  };
}

test("what moves and a covered lens are noticed in the browser", async () => {
  const { page, log, close } = await openPage(browser);
  page.setDefaultTimeout(120_000);
  try {
    await page.addInitScript(watchWorker);
    await page.goto(new URL("/view/demo", relay.url).href);
    await page.waitForFunction(
      () => document.querySelector("sightline-player")?.snapshot?.frames > 0,
    );
    await page.evaluate(() => {
      document.querySelector("sightline-player").setAttribute("detect", "on");
    });
    const noticed = (event, state) =>
      page.waitForFunction(
        ([event, state]) =>
          globalThis.detected.noticed
            .map((n) => ({ ...n, ...JSON.parse(n.text) }))
            .find((n) => n.event === event && n.state === state),
        [event, state],
      );
    const motion = await (await noticed("motion", "began")).jsonValue();
    assert.equal(motion.origin, "client");
    const covered = await (await noticed("lens-covered", "began")).jsonValue();
    assert.ok(Number.isInteger(motion.rtp) && covered.box.length === 4, covered.text);
    await noticed("lens-covered", "ended");
    const { figures, problems } = await page.evaluate(() => ({
      figures: globalThis.detected.figures.at(-1),
      problems: globalThis.detected.problems,
    }));
    const shown = await page.evaluate(
      () => document.querySelector("sightline-player").snapshot.detectors,
    );
    assert.deepEqual(shown.map((f) => f.name).sort(), ["light", "motion"]);
    assert.deepEqual(problems, []);
    assert.deepEqual(figures.map((f) => f.name).sort(), ["light", "motion"]);
    for (const f of figures) assert.ok(f.analysed >= 5 && f.latency > 0, JSON.stringify(f));
  } catch (error) {
    const { figures, noticed, problems } = await page.evaluate(() => globalThis.detected);
    const state = JSON.stringify([figures.at(-1), noticed, problems]);
    throw new Error(`${error.message}\n${state}\nconsole:\n${log.join("\n")}`, { cause: error });
  } finally {
    await close();
  }
});
