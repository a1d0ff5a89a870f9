// A second viewer that records what arrives: the test kit's record command.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { kitProgram } from "./places.mjs";
import { Program } from "./process.mjs";

/** Starts to watch a stream; with a folder the video is kept as well. */
export async function startRecorder(relay, stream, { folder } = {}) {
  const program = await kitProgram("record");
  const args = [...(folder ? ["-out", folder] : []), relay.at(`/whep/${stream}`)];
  return new Recorder(new Program(program, args, { name: "record" }), folder);
}

/** A viewer that runs until it is stopped. */
export class Recorder {
  /** The access units so far: {rtp, seq, key, packets, bytes, lost, at}. */
  units = [];
  #program;
  #folder;
  #summary = null;

  constructor(program, folder) {
    this.#program = program;
    this.#folder = folder;
    program.onLine((line) => {
      if (!line.startsWith("{")) return;
      const data = JSON.parse(line);
      if ("rtp" in data) this.units.push(data);
      else this.#summary = data;
    });
  }

  /** Waits for the first picture. */
  async started() {
    await this.#program.line(/"rtp"/);
  }

  /** Throws when it has ended. */
  check() {
    const { result, output } = this.#program;
    if (result !== null) throw new Error(`record has ended with ${result}:\n${output}`);
  }

  /** Ends the recording; returns its summary and, with a folder, video file and index. */
  async stop() {
    this.#program.closeInput();
    const result = await this.#program.ended;
    if (result !== 0) throw new Error(`record ended with ${result}:\n${this.#program.output}`);
    if (!this.#folder) return { ...this.#summary, units: this.units };
    const index = JSON.parse(await readFile(path.join(this.#folder, "index.json"), "utf8"));
    const { access_units: units, ...summary } = index;
    return { ...summary, units, video: path.join(this.#folder, "video.h264") };
  }

  /** Ends it, whatever state it is in. */
  kill() {
    return this.#program.kill();
  }
}
