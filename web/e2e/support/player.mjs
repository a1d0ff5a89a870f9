// Players in a page of the relay's origin that has nothing else in it.

import { openPage } from "../browser.mjs";
import { places } from "./video.mjs";

const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Test page</title>
<link rel="icon" href="data:,"><script type="module" src="/assets/sightline-player.js"></script>
</head><body></body></html>`;

/** Runs in the page. */
function helpers() {
  /** Peer connections that the page has made. */
  globalThis.connections = [];
  const Original = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(...args) {
      super(...args);
      connections.push(this);
    }
  };
  /** Puts a player into the page. */
  globalThis.play = (attributes, width = 384) => {
    const element = document.createElement("sightline-player");
    element.style.width = `${width}px`;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    document.body.append(element);
    return element;
  };
  /** Waits until a condition on a player's state holds. */
  globalThis.until = async (element, holds, ms = 60_000) => {
    const end = performance.now() + ms;
    while (!(element.snapshot && holds(element.snapshot))) {
      if (performance.now() > end) {
        throw new Error(`not within ${ms} ms; the state is ${JSON.stringify(element.snapshot)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return element.snapshot;
  };
  /** R, G, B of a place in a copy of a picture. */
  globalThis.pixelOf = (copy, data, x, y) => {
    const at = y * copy.stride + 4 * x;
    const [a, g, b] = data.slice(at, at + 3);
    return copy.format === "bgra8unorm" ? [b, g, a] : [a, g, b];
  };
  /** How much the picture differs from one colour: its variance of green. */
  globalThis.varianceOf = (copy) => {
    const data = new Uint8Array(copy.pixels);
    let sum = 0;
    let squares = 0;
    let n = 0;
    for (let y = 0; y < copy.height; y += 4) {
      for (let x = 0; x < copy.width; x += 4) {
        const v = data[y * copy.stride + 4 * x + 1];
        sum += v;
        squares += v * v;
        n += 1;
      }
    }
    return squares / n - (sum / n) ** 2;
  };
}

/** Opens the page; `prepare` runs before anything else in it. */
export async function openPlayerPage(browser, relay, { prepare } = {}) {
  const opened = await openPage(browser);
  const { page } = opened;
  page.setDefaultTimeout(240_000);
  await page.addInitScript(helpers);
  await page.addInitScript(`globalThis.places = ${places};`);
  if (prepare) await page.addInitScript(prepare);
  const address = relay.at("/test-page");
  await page.route(address, (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto(address);
  await page.waitForFunction(() => customElements.get("sightline-player"));
  return opened;
}

/** Opens one of the relay's own pages, and notes its sessions and loads. */
export async function openRelayPage(browser, address, { prepare } = {}) {
  const opened = await openPage(browser);
  const { page } = opened;
  page.setDefaultTimeout(120_000);
  if (prepare) await page.addInitScript(prepare);
  const counts = { posts: 0, deletes: 0, loads: 0 };
  page.on("request", (request) => {
    if (!new URL(request.url()).pathname.startsWith("/whep/")) return;
    if (request.method() === "POST") counts.posts += 1;
    if (request.method() === "DELETE") counts.deletes += 1;
  });
  page.on("load", () => {
    counts.loads += 1;
  });
  await page.goto(address);
  /** The state of the page's first player. */
  const snapshot = () =>
    page.evaluate(() => document.querySelector("sightline-player")?.snapshot ?? null);
  /** The conditions that the page shows: what, why, fix. */
  const notices = () =>
    page.evaluate(() =>
      [...document.querySelectorAll(".notice")].map((n) => ({
        code: n.dataset.code,
        title: n.querySelector(".notice-title")?.textContent ?? "",
        text: n.querySelector(".notice-text")?.textContent ?? "",
        fix: n.querySelector(".notice-fix span")?.textContent ?? "",
      })),
    );
  /** Saves what is to be looked at, where SIGHTLINE_SCREENSHOTS names a folder. */
  const screenshot = async (name) => {
    const folder = process.env.SIGHTLINE_SCREENSHOTS;
    if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
  };
  return { ...opened, counts, snapshot, notices, screenshot };
}

/** Adds to an error what page and relay said. */
export function explain(error, { log = [], relay, page } = {}) {
  const tail = (lines, n) => lines.slice(-n).join("\n");
  if (log.length > 0) error.message += `\nconsole:\n${tail(log, 40)}`;
  if (relay) error.message += `\nrelay:\n${tail(relay.lines, 60)}`;
  if (page) error.message += `\npage: ${page.url()}`;
  return error;
}
