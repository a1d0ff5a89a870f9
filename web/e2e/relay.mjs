// A relay of its own for a test: bin/sightline on free ports of loopback.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** How long the relay may take to start. */
const startMs = 60_000;

/** A port of loopback that is free for UDP and TCP, most likely still in a moment. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts a relay. `streams` is the YAML below "streams:", each line indented; SIGHTLINE_BIN names
 * another program than bin/sightline.
 */
export async function startRelay(streams) {
  const program = process.env.SIGHTLINE_BIN ?? path.join(root, "bin/sightline");
  if (!existsSync(program)) throw new Error(`${program} does not exist; build it with: make build`);
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-e2e-"));
  const config = path.join(folder, "sightline.yaml");
  // Fixed ports, so that a relay can be started again at the same address.
  const [http, webrtc] = [await freePort(), await freePort()];
  await writeFile(
    config,
    `http: {listen: "127.0.0.1:${http}"}\nwebrtc: {port: ${webrtc}}\nstreams:\n${streams}\n`,
  );
  const run = async () => {
    const child = spawn(program, ["serve", "-c", config, "--data-dir", path.join(folder, "data")], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const end = async (signal) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
    };
    const stop = async () => {
      await end("SIGTERM");
      await rm(folder, { recursive: true, force: true });
    };
    let log = "";
    const url = await new Promise((resolve, reject) => {
      const late = () => reject(new Error(`the relay does not start:\n${log}`));
      const timer = setTimeout(late, startMs);
      const read = (data) => {
        log += data;
        const found = /ready: (https?:\/\/\S+)/.exec(log);
        if (!found) return;
        clearTimeout(timer);
        resolve(found[1]);
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      ended.then((code) => reject(new Error(`the relay ended with ${code}:\n${log}`)));
    }).catch(async (error) => {
      await stop();
      throw error;
    });
    return {
      url,
      stop,
      /** Ends the relay at once, as a crash would. */
      kill: () => end("SIGKILL"),
      /** Starts it again at the same address. */
      restart: run,
      log: () => log,
      /** Asks the relay's API about a stream. */
      stream: async (name) => (await fetch(new URL(`/api/v1/streams/${name}`, url))).json(),
    };
  };
  return run();
}
