// Opens the pages in a browser for their tests.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { startServer } from "./server.mjs";

/** Generous: the machine may be busy. */
export const patience = 20_000;

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-quic", "--no-first-run"],
  });
});
after(() => browser?.close());

/**
 * Opens a page on a scene and runs `check`; fails on any script error and on
 * anything that the content security policy blocked.
 */
export async function open(scene, path, check, options = {}) {
  const server = await startServer(scene);
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    ...options.context,
  });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    const faults = [];
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !/Failed to load resource/.test(message.text())) {
        faults.push(message.text());
      }
    });
    await page.goto(`http://${options.host ?? "127.0.0.1"}:${server.port}${path}`);
    await check(page, server);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
    await server.close();
  }
}

/** Selects the tile of a stream. */
export const tile = (name) => `[data-stream="${name}"]`;
