// A relay of its own for a test: bin/sightline on free ports of loopback.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** How long the relay may take to start. */
const startMs = 60_000;

/**
 * Starts a relay. `streams` is the YAML below "streams:", each line indented; SIGHTLINE_BIN names
 * another program than bin/sightline.
 */
export async function startRelay(streams) {
  const program = process.env.SIGHTLINE_BIN ?? path.join(root, "bin/sightline");
  if (!existsSync(program)) throw new Error(`${program} does not exist; build it with: make build`);
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-e2e-"));
  const config = path.join(folder, "sightline.yaml");
  await writeFile(
    config,
    `http: {listen: "127.0.0.1:0"}\nwebrtc: {port: 0}\nstreams:\n${streams}\n`,
  );
  const child = spawn(program, ["serve", "-c", config, "--data-dir", path.join(folder, "data")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the relay does not start:\n${log}`)), startMs);
    const read = (data) => {
      log += data;
      const found = /ready: (https?:\/\/\S+)/.exec(log);
      if (found) {
        clearTimeout(timer);
        resolve(found[1]);
      }
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
    log: () => log,
    /** Asks the relay's API about a stream. */
    stream: async (name) => (await fetch(new URL(`/api/v1/streams/${name}`, url))).json(),
  };
}
