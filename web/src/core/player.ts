// A player without its page: connection, choice of rung, worker, and the
// snapshot of it all. What it needs of the page comes through Surface.

import { condition, sortConditions } from "./conditions.ts";
import { Connection } from "./connection.ts";
import { type DetectWish, detects } from "./detect.ts";
import { latencyOf } from "./latency.ts";
import type {
  DetectorFigures,
  DrawOptions,
  FrameReport,
  FromWorker,
  OverlayBox,
  PixelsMessage,
  ReadSource,
} from "./messages.ts";
import { fetchStreamState, type StreamState } from "./relay-api.ts";
import { chooseRung, type RungChoice, type RungWish } from "./rungs.ts";
import type { Condition, Phase, PlayerSnapshot } from "./snapshot.ts";
import type { ReceiveStats } from "./stats.ts";
import type { Surface, VideoFrameReport, VideoSurface } from "./surface.ts";
import type { WorkerClient, WorkerLink } from "./worker-link.ts";

/** What a player is asked to do. */
export interface PlayerOptions extends DrawOptions {
  readonly rung: RungWish;
  /** Whether annotations are drawn, and whether pictures are held for theirs. */
  readonly annotations: "hold" | "free" | "off";
  /** Whether this browser's own detectors run. */
  readonly detect: DetectWish;
}

/** Without a frame for so long a stream has stalled. */
const stallMs = 2500;
/** How long the worker may take to get a GPU before the video rung is taken. */
const workerMs = 10_000;

/** One stream in one place of a page. */
export class Player implements WorkerClient {
  readonly #stream: string;
  readonly #base: string;
  readonly #surface: Surface;
  readonly #link: () => WorkerLink;
  readonly #changed: (snapshot: PlayerSnapshot) => void;

  #options: PlayerOptions;
  /** What the worker was asked to annotate. */
  #annotated = "";
  #detecting = false;
  #detectors: readonly DetectorFigures[] = [];
  #boxes: readonly OverlayBox[] = [];
  #abort: AbortController | null = null;
  #connection: Connection | null = null;
  #track: MediaStreamTrack | null = null;
  /** The rung in use, null before the first. */
  #choice: RungChoice | null = null;
  #worker: { link: WorkerLink; player: number; placed: boolean; reading: boolean } | null = null;
  #video: VideoSurface | null = null;
  /** Why the GPU is not used any more, once that is so. */
  #noGpu = "";

  #connected = false;
  #lasting = false;
  #trouble: Condition | null = null;
  #gpuTrouble: Condition | null = null;
  #streamState: StreamState = { state: "", conditions: [], cameraDelay: null };
  #stats: ReceiveStats | null = null;
  /** Frames decoded and drawn before the first of this track was drawn. */
  #decodedBefore = 0;
  #drawnBefore = 0;
  #counting = false;
  #report: FrameReport | null = null;
  #videoReport: VideoFrameReport | null = null;
  #frameTimes: { at: number; frames: number }[] = [];
  #lastFrameAt = 0;

  constructor(
    stream: string,
    base: string,
    options: PlayerOptions,
    surface: Surface,
    link: () => WorkerLink,
    changed: (snapshot: PlayerSnapshot) => void,
  ) {
    this.#stream = stream;
    this.#base = base;
    this.#options = options;
    this.#surface = surface;
    this.#link = link;
    this.#changed = changed;
  }

  /** Connects to the relay and plays. */
  start(): void {
    const signal = this.#begin();
    if (!signal) return;
    const connection = new Connection(this.#base, this.#stream, {
      prepare: () => {},
      track: (track) => this.#setTrack(track),
      state: (connected, trouble, lasting) => {
        this.#connected = connected;
        this.#trouble = trouble;
        this.#lasting = lasting;
        this.#publish();
      },
      stats: (stats) => {
        this.#stats = stats;
        this.#publish();
      },
    });
    this.#connection = connection;
    this.#warmUp();
    void connection.run();
    void this.#pollStream(signal);
  }

  /** Plays a track that comes from elsewhere. */
  startTrack(track: MediaStreamTrack): void {
    if (!this.#begin()) return;
    this.#connected = true;
    this.#setTrack(track);
  }

  /** Ends playing; `start` may follow. */
  stop(): void {
    if (!this.#abort) return;
    this.#abort.abort();
    this.#abort = null;
    this.#connection?.close();
    this.#connection = null;
    this.#leaveRung();
    this.#track = null;
    this.#choice = null;
    this.#connected = false;
    this.#trouble = null;
    this.#publish();
  }

  /** Changes how the player draws; another rung needs a new start. */
  update(options: PlayerOptions): void {
    this.#options = options;
    const worker = this.#worker;
    if (worker?.placed) {
      worker.link.send({ type: "options", player: worker.player, ...this.#drawOptions() });
      this.#annotate();
      this.#detect();
    }
    this.#video?.update(this.#drawOptions(), this.#boxes);
  }

  /** Tells the worker the canvas's size. */
  resize(): void {
    const worker = this.#worker;
    if (worker?.placed) {
      worker.link.send({ type: "resize", player: worker.player, ...this.#surface.size() });
    }
  }

  /** Draws boxes on each picture until they are replaced. */
  setBoxes(boxes: readonly OverlayBox[]): void {
    this.#boxes = boxes;
    const worker = this.#worker;
    if (worker?.placed) worker.link.send({ type: "overlay", player: worker.player, boxes });
    this.#video?.update(this.#drawOptions(), boxes);
  }

  /** Reads back the next frames as they are shown. */
  read(count: number, source: ReadSource, each: (pixels: PixelsMessage) => void): Promise<void> {
    if (this.#worker?.placed) {
      return this.#worker.link.read(this.#worker.player, count, source, each);
    }
    if (this.#video) return this.#video.read(count, each);
    return Promise.reject(new Error("the player shows no picture"));
  }

  onWorker(message: FromWorker): void {
    switch (message.type) {
      case "ready":
        this.#gpuTrouble = null;
        this.#place();
        break;
      case "lost":
        this.#gpuTrouble = condition(
          "gpu-lost",
          "warning",
          "The GPU device was lost",
          message.text || message.reason,
          "Nothing to do: drawing goes on with a new device.",
        );
        if (this.#worker) this.#worker.placed = false;
        this.#watchWorker();
        break;
      case "unavailable":
        this.#fallBack(message.text);
        break;
      case "failed":
        this.#fallBack(`drawing with the GPU failed: ${message.text}`);
        break;
      case "ended":
        if (this.#worker) this.#worker.reading = false;
        break;
      case "report":
        if (message.frames !== this.#report?.frames) this.#sawFrames(message.frames);
        this.#report = message;
        break;
      case "detectors":
        this.#detectors = this.#detecting ? message.detectors : [];
        break;
      default:
        return;
    }
    this.#publish();
  }

  #begin(): AbortSignal | null {
    if (this.#abort) return null;
    this.#abort = new AbortController();
    this.#report = null;
    this.#videoReport = null;
    this.#stats = null;
    this.#counting = false;
    this.#drawnBefore = 0;
    this.#lastFrameAt = 0;
    this.#frameTimes = [];
    const tick = setInterval(() => this.#publish(), 500);
    this.#abort.signal.addEventListener("abort", () => clearInterval(tick));
    this.#publish();
    return this.#abort.signal;
  }

  /** Starts the worker, so that program and device load while the connection is made. */
  #warmUp(): void {
    if (chooseRung(this.#options.rung, this.#noGpu).rung === "video") return;
    try {
      this.#link();
    } catch {
      // The same error comes, and is told, when there are frames to show.
    }
  }

  /** Asks for the stream's state: often without a picture, now and then with one. */
  async #pollStream(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const state = await fetchStreamState(this.#base, this.#stream, signal);
      if (signal.aborted) return;
      this.#streamState = state;
      this.#publish();
      const ms = this.#phase() === "playing" ? 5000 : 1000;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #drawOptions(): DrawOptions {
    const { overlay, path, visible } = this.#options;
    return { overlay, path, visible };
  }

  #setTrack(track: MediaStreamTrack): void {
    this.#track = track;
    // Counters begin anew with each session.
    this.#stats = null;
    this.#drawnBefore = this.snapshot().frames;
    this.#counting = false;
    if (this.#worker) this.#worker.reading = false;
    this.#video?.close();
    this.#video = null;
    this.#showTrack();
  }

  /** Shows the track on the best rung there is. */
  #showTrack(): void {
    const track = this.#track;
    if (!track) return;
    this.#choice = chooseRung(this.#options.rung, this.#noGpu);
    if (this.#choice.rung === "video") {
      this.#leaveWorker();
      this.#video ??= this.#surface.showVideo(track, (report) => {
        if (report.frames !== this.#videoReport?.frames) this.#sawFrames(report.frames);
        this.#videoReport = report;
      });
      this.#video.update(this.#drawOptions(), this.#boxes);
      this.#publish();
      return;
    }
    if (!this.#worker) {
      let link: WorkerLink;
      try {
        link = this.#link();
      } catch (error) {
        this.#fallBack(`the worker cannot be started: ${String(error)}`);
        return;
      }
      this.#worker = { link, player: link.join(this), placed: false, reading: false };
    }
    const { state } = this.#worker.link;
    if (state.kind === "unavailable") this.#fallBack(state.text);
    else if (state.kind === "ready") this.#place();
    else this.#watchWorker();
    this.#publish();
  }

  /** Falls back where the worker does not get a device in time. */
  #watchWorker(): void {
    const worker = this.#worker;
    const timer = setTimeout(() => {
      if (worker && worker === this.#worker && !worker.placed) {
        this.#fallBack(`the worker got no GPU device within ${workerMs / 1000} s`);
      }
    }, workerMs);
    this.#abort?.signal.addEventListener("abort", () => clearTimeout(timer));
  }

  /** Gives the worker a canvas and the frames. */
  #place(): void {
    const worker = this.#worker;
    const track = this.#track;
    if (!worker || !track) return;
    const { link, player } = worker;
    try {
      if (!worker.placed) {
        const canvas = this.#surface.freshCanvas();
        link.send(
          { type: "player", player, canvas, ...this.#surface.size(), ...this.#drawOptions() },
          [canvas],
        );
        if (this.#boxes.length > 0) link.send({ type: "overlay", player, boxes: this.#boxes });
        worker.placed = true;
        this.#annotated = "";
        this.#detecting = false;
      }
      this.#annotate();
      this.#detect();
      if (worker.reading) return;
      if (this.#choice?.rung === "processor") {
        const processor = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 });
        const frames = processor.readable;
        link.send({ type: "frames", player, frames }, [frames]);
      } else {
        const { state } = link;
        if (state.kind !== "ready" || !state.trackProcessor) {
          throw new Error("the worker has no MediaStreamTrackProcessor either");
        }
        // Tracks are transferable in Safari only; elsewhere this throws.
        link.send({ type: "track", player, track }, [track as unknown as Transferable]);
      }
      worker.reading = true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const how = this.#choice?.rung === "processor" ? "the frames" : "the track";
      this.#fallBack(`${how} cannot be given to the worker: ${reason}`);
    }
  }

  /** Tells the worker which annotations to draw, where that has changed. */
  #annotate(): void {
    const worker = this.#worker;
    if (!worker?.placed) return;
    const { annotations } = this.#options;
    const wish = this.#connection || annotations === "off" ? annotations : "own";
    if (wish === this.#annotated) return;
    this.#annotated = wish;
    worker.link.send({
      type: "annotations",
      player: worker.player,
      base: new URL(this.#base, location.href).origin,
      stream: wish === "off" || wish === "own" ? "" : this.#stream,
      hold: wish === "hold",
      own: wish !== "off",
    });
  }

  /** Starts or stops this browser's own detectors, where that has changed. */
  #detect(): void {
    const worker = this.#worker;
    if (!worker?.placed || worker.link.state.kind !== "ready") return;
    const on = detects(this.#options.detect, worker.link.state.adapter);
    if (on === this.#detecting) return;
    this.#detecting = on;
    this.#detectors = [];
    worker.link.send({ type: "detect", player: worker.player, motion: on, light: on, rate: 0 });
  }

  /** Goes on with the video rung. */
  #fallBack(reason: string): void {
    this.#noGpu = reason;
    this.#gpuTrouble = null;
    this.#leaveWorker();
    this.#showTrack();
  }

  #leaveWorker(): void {
    this.#worker?.link.leave(this.#worker.player);
    this.#worker = null;
  }

  #leaveRung(): void {
    this.#leaveWorker();
    this.#video?.close();
    this.#video = null;
  }

  #sawFrames(frames: number): void {
    const now = performance.now();
    if (!this.#counting) {
      this.#counting = true;
      this.#decodedBefore = this.#stats?.framesDecoded ?? 0;
      this.#drawnBefore = Math.min(this.#drawnBefore, frames);
    }
    this.#lastFrameAt = now;
    const last = this.#frameTimes.at(-1);
    if (last && frames < last.frames) this.#frameTimes = [];
    this.#frameTimes.push({ at: now, frames });
    this.#frameTimes = this.#frameTimes.filter((t) => now - t.at < 3000);
  }

  #fps(): number {
    const first = this.#frameTimes[0];
    const last = this.#frameTimes.at(-1);
    if (!first || !last || last.at === first.at) return 0;
    if (performance.now() - last.at > stallMs) return 0;
    return (1000 * (last.frames - first.frames)) / (last.at - first.at);
  }

  #phase(): Phase {
    if (!this.#abort) return "stopped";
    if (this.#lastFrameAt > 0 && this.#connected) {
      // Undrawn frames prove nothing: a hidden player keeps its phase.
      const stalled = performance.now() - this.#lastFrameAt > stallMs && this.#options.visible;
      return stalled ? "stalled" : "playing";
    }
    if (this.#lasting || this.#streamState.state === "failed") return "failed";
    return this.#connected ? "waiting" : "connecting";
  }

  #conditions(phase: Phase): Condition[] {
    const list: Condition[] = [];
    if (this.#trouble) list.push(this.#trouble);
    if (this.#gpuTrouble) list.push(this.#gpuTrouble);
    for (const c of this.#streamState.conditions) {
      // With a picture, a failed look at the API is not worth a word.
      if (c.code === "relay-unreachable" && phase === "playing") continue;
      if (!list.some((other) => other.code === c.code)) list.push(c);
    }
    return sortConditions(list);
  }

  #publish(): void {
    this.#changed(this.snapshot());
  }

  /** The state as it is now. */
  snapshot(): PlayerSnapshot {
    const phase = this.#phase();
    const report = this.#choice?.rung === "video" ? null : this.#report;
    const shown = report ?? this.#videoReport;
    const stats = this.#stats;
    const frames = shown?.frames ?? 0;
    const state = this.#worker?.link.state;
    return {
      stream: this.#stream,
      phase,
      conditions: this.#conditions(phase),
      rung: this.#choice?.rung ?? null,
      rungReason: this.#choice?.reason ?? "",
      fps: this.#fps(),
      width: shown?.width ?? 0,
      height: shown?.height ?? 0,
      codec: stats?.codec ?? "",
      bitsPerSecond: stats?.bitsPerSecond ?? 0,
      packetsLost: stats?.packetsLost ?? 0,
      framesDropped: this.#dropped(frames),
      latency: latencyOf(this.#streamState.cameraDelay, stats, report?.gpu ?? null),
      adapter: state?.kind === "ready" ? state.adapter : "",
      path: report?.path ?? "",
      keySource: shown?.keySource ?? "none",
      rtp: shown?.rtp ?? null,
      frames,
      candidates: stats?.candidates ?? [],
      annotations: shown?.annotations ?? null,
      detectors: report ? this.#detectors : [],
    };
  }

  /** Frames of this track that were decoded but not drawn. */
  #dropped(frames: number): number {
    if (!this.#stats || !this.#counting) return 0;
    const decoded = this.#stats.framesDecoded - this.#decodedBefore;
    return Math.max(0, decoded - (frames - this.#drawnBefore));
  }
}
