// A small site for tests of the client without a relay: the built assets, and an
// empty page that loads the element. Content-Security-Policy as strict as the relay's.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

const dist = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../dist");

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Test page</title>
<script type="module" src="/assets/sightline-player.js"></script></head>
<body></body>
</html>`;

/** Starts the site on a free port of loopback; returns its address and how to stop it. */
export async function startSite() {
  const manifest = await readFile(path.join(dist, "manifest.json"), "utf8").catch(() => null);
  if (manifest === null) {
    throw new Error("web/dist holds no client; build it with: node web/build.mjs");
  }
  const requests = [];
  const server = createServer(async (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const name = new URL(request.url, "http://localhost").pathname;
    response.setHeader(
      "Content-Security-Policy",
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; media-src 'self' blob:",
    );
    if (name === "/") {
      response.setHeader("Content-Type", types[".html"]);
      response.end(page);
      return;
    }
    try {
      const file = path.join(dist, path.normalize(name));
      const data = await readFile(file);
      response.setHeader("Content-Type", types[path.extname(file)] ?? "application/octet-stream");
      response.end(data);
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    /** All requests so far, "METHOD /path". */
    requests,
    url: `http://127.0.0.1:${server.address().port}/`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
