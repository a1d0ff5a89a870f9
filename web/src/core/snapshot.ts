// The state that a player shows to whoever embeds it: one plain object, made
// anew on each change and never modified afterwards.

import type { AnnotationCounts, DetectorFigures } from "./messages.ts";

/** A fault or notice in the form of the relay's health.Condition. */
export interface Condition {
  readonly code: string;
  readonly severity: "error" | "warning" | "info";
  readonly title: string;
  readonly text: string;
  readonly fix: string;
  readonly since?: string;
}

/**
 * Where the frames go, from best to last:
 * `processor` — MediaStreamTrackProcessor on the window, frames to the worker's GPU;
 * `worker-track` — the track itself transferred to the worker (Safari);
 * `video` — `<video>` with requestVideoFrameCallback and a 2D overlay.
 */
export type Rung = "processor" | "worker-track" | "video";

/** What the player does now. */
export type Phase = "connecting" | "waiting" | "playing" | "stalled" | "failed" | "stopped";

/** Where a frame's RTP timestamp was read; `none` marks overlays approximate. */
export type KeySource = "frame-metadata" | "script-transform" | "video-callback" | "none";

/** Delay by stage in milliseconds; a stage that cannot be measured is null. */
export interface Latency {
  /** Camera to relay, by the camera's sender reports. */
  readonly camera: number | null;
  /** Half the round trip of the ICE candidate pair. */
  readonly network: number | null;
  /** Mean time in the jitter buffer. */
  readonly jitterBuffer: number | null;
  /** Mean decode time. */
  readonly decode: number | null;
  /** Frame out of the decoder to GPU work done. */
  readonly gpu: number | null;
  /** Sum of the stages that are known. */
  readonly total: number | null;
}

/** Everything a page may show about one player. */
export interface PlayerSnapshot {
  readonly stream: string;
  readonly phase: Phase;
  /** Why there is no picture, or what is worth knowing; worst first. */
  readonly conditions: readonly Condition[];
  readonly rung: Rung | null;
  /** Why this rung runs, in a sentence. */
  readonly rungReason: string;
  readonly fps: number;
  readonly width: number;
  readonly height: number;
  readonly codec: string;
  readonly bitsPerSecond: number;
  readonly packetsLost: number;
  readonly framesDropped: number;
  readonly latency: Latency;
  /** GPU adapter's description, empty without one. */
  readonly adapter: string;
  /** How pixels reach the GPU: "planes" (storage buffers), "external" (external texture) or "". */
  readonly path: string;
  readonly keySource: KeySource;
  /** RTP timestamp of the frame shown last, null before the first. */
  readonly rtp: number | null;
  /** Frames drawn since the player started. */
  readonly frames: number;
  /** What became of annotations; null while none are drawn. */
  readonly annotations: AnnotationCounts | null;
  /** This browser's own detectors at work on the stream. */
  readonly detectors: readonly DetectorFigures[];
  /** ICE candidates tried, "local -> remote state", for the no-path message. */
  readonly candidates: readonly string[];
}
