// Where things are: the repository, the shared test data, the programs under test.

import { existsSync, mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "./process.mjs";

/** The repository's root. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");

const shared = process.env.SIGHTLINE_SHARED ?? path.resolve(root, "../shared");

/** Options of a test that needs the shared test data: it is skipped where there is none. */
export const withShared = existsSync(path.join(shared, "testdata"))
  ? {}
  : { skip: `needs the test videos in ${shared}; SIGHTLINE_SHARED names another folder` };

/** A video of the shared test data. */
export const video = (name) => path.join(shared, "testdata", "video", name);

/** A model of the shared test data. */
export const model = (name) => path.join(shared, "testdata", "models", name);

/** The RTSP camera of the shared test data. */
export const rtspCamera = path.join(shared, "tools", "rtsp-camera");

/** The clip that most tests use: 768x432, 12.5 frames/s, 4.8 s between key frames. */
export const carClip = () => video("car-detection.mp4");

/** The relay; SIGHTLINE_BIN names another program than bin/sightline. */
export function relayProgram() {
  const program = process.env.SIGHTLINE_BIN ?? path.join(root, "bin/sightline");
  if (!existsSync(program)) throw new Error(`${program} does not exist; build it with: make build`);
  return program;
}

/** Builds a command of the test kit; quick when nothing has changed. */
export async function kitProgram(name) {
  const program = path.join(cache(), name);
  await runToEnd("go", ["build", "-o", program, `./testkit/${name}`], { cwd: root });
  return program;
}

/** A folder for what is worth keeping from run to run. */
export function cache() {
  const folder = path.join(root, ".cache", "e2e");
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** An empty folder for one test, and how to remove it. */
export async function scratch() {
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-e2e-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A TCP port of loopback that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
