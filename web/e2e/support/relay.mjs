// A relay of its own for a test: the real program on free ports of loopback.

import { copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { relayProgram, scratch } from "./places.mjs";
import { Program } from "./process.mjs";

/**
 * Starts a relay. `streams` is the section of the configuration with that name, as an object;
 * `config` holds further sections, `models` the files of detectors by name, `env` further environment
 * variables, `level` what is logged.
 */
export async function startRelay(streams, { config = {}, models = {}, env, level = "info" } = {}) {
  const program = relayProgram();
  const { folder, remove } = await scratch();
  const file = path.join(folder, "sightline.yaml");
  // JSON is YAML.
  await writeFile(
    file,
    JSON.stringify({ http: { listen: "127.0.0.1:0" }, webrtc: { port: 0 }, ...config, streams }),
  );
  const data = path.join(folder, "data");
  await mkdir(path.join(data, "models"), { recursive: true });
  for (const [name, model] of Object.entries(models)) {
    await copyFile(model, path.join(data, "models", `${name}.onnx`));
  }
  const args = ["serve", "-c", file, "--data-dir", data];
  args.push("--log-format", "json", "--log-level", level);
  const relay = new Relay(program, args, { env, name: "the relay" });
  const stop = relay.stop.bind(relay);
  relay.stop = async () => {
    const result = await stop();
    await remove();
    return result;
  };
  try {
    [, relay.url] = await relay.line(/ready: (https?:\/\/\S+)/);
  } catch (error) {
    await relay.stop();
    throw error;
  }
  return relay;
}

/** A running relay. */
export class Relay extends Program {
  /** Address of the start page. */
  url = "";

  /** An address below the start page's. */
  at(name) {
    return new URL(name, this.url).href;
  }

  /** Asks the API. */
  async api(name) {
    const response = await fetch(this.at(name), { signal: AbortSignal.timeout(20_000) });
    return response.json();
  }

  /** What the API says of a stream. */
  stream(name) {
    return this.api(`/api/v1/streams/${name}`);
  }

  /** The metrics without labels, by name. */
  async metrics() {
    const response = await fetch(this.at("/metrics"), { signal: AbortSignal.timeout(20_000) });
    const values = {};
    for (const line of (await response.text()).split("\n")) {
      const match = /^([a-z_]+) (\S+)$/.exec(line);
      if (match) values[match[1]] = Number(match[2]);
    }
    return values;
  }

  /** The log's entries. */
  log() {
    return this.lines.flatMap((line) => {
      try {
        return line.startsWith("{") ? [JSON.parse(line)] : [];
      } catch {
        return [];
      }
    });
  }
}
