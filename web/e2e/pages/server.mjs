// A server with the pages and a mock of the relay's API, so that every state
// of the pages can be brought about. The pages are built here from their
// sources, with a stand-in for <sightline-player>: no relay, no WebRTC.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const web = path.resolve(here, "../..");

/** The policy that the relay sends; a page that breaks it fails its test. */
const policy =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self'";

const standIn = {
  name: "stand-in for the player",
  setup(b) {
    b.onResolve({ filter: /\/element\// }, () => ({
      path: path.join(here, "stand-in-player.mjs"),
    }));
  },
};

async function assets() {
  const dashboard = path.join(web, "src/dashboard");
  const result = await build({
    entryPoints: ["grid", "view", "embed"].map((n) => path.join(dashboard, `${n}.ts`)),
    outdir: path.join(web, "assets"),
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "silent",
    plugins: [standIn],
  });
  const files = new Map(
    result.outputFiles.map((f) => [`/assets/${path.basename(f.path)}`, f.text]),
  );
  files.set("/assets/favicon.svg", await readFile(path.join(web, "pages/favicon.svg"), "utf8"));
  return files;
}

const types = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/**
 * Starts the server. `scene` may be changed at any time:
 * streams: hub.Info objects; relay: the answer of /api/v1/relay; players: what
 * the stand-in shows for a stream; broken: the API's connections are cut.
 */
export async function startServer(scene) {
  const files = await assets();
  const requests = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://relay.test");
    requests.push(url.pathname);
    const send = (status, type, body) => {
      response.writeHead(status, { "content-type": type, "content-security-policy": policy });
      response.end(body);
    };
    const json = (status, value) =>
      send(
        status,
        status < 400 ? "application/json" : "application/problem+json",
        JSON.stringify(value),
      );
    const [, first, ...rest] = url.pathname.split("/");
    if (first === "api" && scene.broken) {
      request.socket.destroy();
    } else if (url.pathname === "/api/v1/streams") {
      json(200, scene.answer ?? { streams: scene.streams });
    } else if (url.pathname.startsWith("/api/v1/streams/")) {
      const name = decodeURIComponent(rest[2]);
      const stream = scene.streams.find((s) => s.name === name);
      if (stream !== undefined) json(200, stream);
      else
        json(404, {
          type: "/docs/conditions#stream-unknown",
          title: "No such stream",
          status: 404,
          detail: `The configuration has no stream named ${JSON.stringify(name)}.`,
          code: "stream-unknown",
          fix: "GET /api/v1/streams lists the streams; add it under streams: in the configuration.",
        });
    } else if (url.pathname === "/api/v1/relay") {
      json(200, scene.relay);
    } else if (first === "stand-in") {
      json(200, scene.players[decodeURIComponent(rest[0])] ?? {});
    } else if (files.has(url.pathname)) {
      send(200, types[path.extname(url.pathname)], files.get(url.pathname));
    } else {
      const page = { "": "index.html", view: "view.html", embed: "embed.html" }[first];
      if (page === undefined) send(404, "text/plain", "no such page");
      else send(200, "text/html; charset=utf-8", await readFile(path.join(web, "pages", page)));
    }
  });
  await new Promise((resolve) => server.listen(0, "0.0.0.0", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    port: server.address().port,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
