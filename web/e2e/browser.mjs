// Chromium for the browser tests: WebGPU by SwiftShader, no network but loopback.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const flags = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--enable-unsafe-webgpu",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
  // Tests crash the GPU process on purpose.
  "--disable-gpu-process-crash-limit",
  "--disable-domain-blocking-for-3d-apis",
];

/** Starts the browser; SIGHTLINE_CHROMIUM names another than Debian's. */
export function startBrowser() {
  const executablePath = process.env.SIGHTLINE_CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    throw new Error(
      `${executablePath} does not exist; install chromium, or set SIGHTLINE_CHROMIUM`,
    );
  }
  return chromium.launch({ executablePath, args: flags });
}

/** Opens a page whose console and errors are collected in `page.log`. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 800, height: 600 }, ...options });
  const page = await context.newPage();
  const log = [];
  page.on("console", (message) => log.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => log.push(`error: ${error.message}`));
  return { page, log, close: () => context.close() };
}
