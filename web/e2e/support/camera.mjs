// A real RTSP camera: the tool of the shared test data, whose RTSP side is GStreamer's.

import { freePort, rtspCamera, scratch } from "./places.mjs";
import { Program } from "./process.mjs";

/** Starts a camera with a video and further flags of the tool. */
export async function startCamera(video, ...args) {
  const camera = new Camera(await freePort(), await scratch(), video, args);
  await camera.start();
  return camera;
}

/** A camera that can fail in the ways that cameras do. */
export class Camera {
  #args;
  #scratch;
  #program = null;

  constructor(port, scratch, video, args) {
    this.port = port;
    this.#scratch = scratch;
    this.#args = [rtspCamera, "--file", video, "--port", String(port), ...args];
  }

  /** Address of the stream. */
  get url() {
    return `rtsp://127.0.0.1:${this.port}/cam`;
  }

  /** Starts the camera, always on the same port, and waits until it listens. */
  async start() {
    // Debian's own Python has the GStreamer bindings; one of /usr/local would not.
    this.#program = new Program("/usr/bin/python3", this.#args, {
      name: "rtsp-camera",
      // The tool leaves the clip as it serves it behind.
      env: { TMPDIR: this.#scratch.folder },
    });
    await this.#program.line(/^READY/, 120_000);
  }

  /** The camera's processes are gone at once. */
  kill() {
    return this.#program.kill();
  }

  /** The camera stays connected and falls silent. */
  freeze() {
    this.#program.signal("SIGSTOP");
  }

  /** Ends a freeze. */
  thaw() {
    this.#program.signal("SIGCONT");
  }

  async stop() {
    await this.#program?.kill();
    await this.#scratch.remove();
  }
}
