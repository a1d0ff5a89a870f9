// The messages between the window and the document's worker, as tagged unions.
// wasm/link is the other end. What arrives is checked before anything uses it.

import type { KeySource } from "./snapshot.ts";

/** What the overlay shows by itself: the frame's key, or nothing. */
export type Overlay = "key" | "none";

/** How pixels reach the GPU; `auto` takes what a short measurement found faster. */
export type PixelPath = "auto" | "planes" | "external";

/** What a read-back copies: the canvas as drawn, or the picture without overlay. */
export type ReadSource = "canvas" | "picture";

/** A box over the picture. */
export interface OverlayBox {
  /** 0..1 of the upright picture. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly label: string;
  /** Bytes R, G, B, A from the lowest. */
  readonly color: number;
  /** Drawn dashed. */
  readonly predicted: boolean;
}

/** The size of a canvas: device pixels (0: the picture's own size), and device pixels for each CSS pixel. */
export interface SurfaceSize {
  readonly width: number;
  readonly height: number;
  readonly scale: number;
}

/** How a player draws. */
export interface DrawOptions {
  readonly overlay: Overlay;
  readonly path: PixelPath;
  /** False while nobody sees the player: frames are then dropped undrawn. */
  readonly visible: boolean;
}

/** Which annotations a player draws. */
export interface AnnotationOptions {
  /** The relay's address. */
  readonly base: string;
  /** Empty for none. */
  readonly stream: string;
  /** Whether pictures that are being analysed wait for their boxes, 30 ms at most. */
  readonly hold: boolean;
  /** Whether what this browser's own detectors find is drawn where there is no stream, too. */
  readonly own: boolean;
}

/** Which of this browser's own detectors run, and on how many pictures a second at most. */
export interface DetectOptions {
  readonly motion: boolean;
  readonly light: boolean;
  readonly rate: number;
}

/** The figures of one detector. */
export interface DetectorFigures {
  readonly name: string;
  /** Pictures analysed a second, and the median of milliseconds from drawing to result. */
  readonly rate: number;
  readonly latency: number;
  /** Pictures analysed, and left out because the GPU was behind, since the start. */
  readonly analysed: number;
  readonly skipped: number;
}

/** What became of a player's annotations, since it began to draw them. */
export interface AnnotationCounts {
  /** Pictures that the relay announced as being analysed. */
  readonly announced: number;
  /** Detections that came in time, or after their picture was shown. */
  readonly arrived: number;
  readonly late: number;
  /** Pictures drawn with boxes of their own, with predicted ones alone, or announced and without. */
  readonly shown: number;
  readonly predicted: number;
  readonly missed: number;
  /** Pictures that waited, and for how many milliseconds together. */
  readonly held: number;
  readonly heldMs: number;
  /** Who found something: "relay fastestdet", "client motion". */
  readonly sources: readonly string[];
}

/** From the window to the worker. */
export type ToWorker =
  /** Makes a player, or gives it a fresh canvas. */
  | ({ type: "player"; player: number; canvas: OffscreenCanvas } & SurfaceSize & DrawOptions)
  /** The frames to draw, instead of those before. */
  | { type: "frames"; player: number; frames: ReadableStream<VideoFrame> }
  /** The same as a track that the worker reads itself. */
  | { type: "track"; player: number; track: MediaStreamTrack }
  | ({ type: "resize"; player: number } & SurfaceSize)
  | ({ type: "options"; player: number } & DrawOptions)
  /** Boxes on each picture until replaced. */
  | { type: "overlay"; player: number; boxes: readonly OverlayBox[] }
  /** Draws the annotations of a relay's stream, instead of those before; stream "" for none. */
  | ({ type: "annotations"; player: number } & AnnotationOptions)
  /** Starts and stops this browser's own detectors; rate 0 for the default. */
  | ({ type: "detect"; player: number } & DetectOptions)
  | { type: "remove"; player: number }
  /** Asks for copies of the next `count` frames; each comes as `pixels`. */
  | { type: "read"; player: number; request: number; count: number; source: ReadSource }
  /** Asks for a frame's picture and tensor (0, 0: none); comes as `converted`. */
  | {
      type: "convert";
      request: number;
      frame: VideoFrame;
      path: PixelPath;
      tensorWidth: number;
      tensorHeight: number;
    }
  /** Asks what the worker holds; comes as `counts`. */
  | { type: "counts"; request: number };

/** A player's last frame, a few times a second. */
export interface FrameReport {
  readonly type: "report";
  readonly player: number;
  /** Frames drawn since the player was made. */
  readonly frames: number;
  /** Size of the upright picture. */
  readonly width: number;
  readonly height: number;
  /** VideoFrame.format, empty for opaque frames. */
  readonly format: string;
  readonly path: "planes" | "external";
  readonly keySource: KeySource;
  readonly rtp: number | null;
  /** Milliseconds from the frame's arrival to the end of the GPU's work. */
  readonly gpu: number;
  /** Null while no annotations are drawn. */
  readonly annotations: AnnotationCounts | null;
}

/** A copy of one frame's pixels. */
export interface PixelsMessage {
  readonly type: "pixels";
  readonly request: number;
  readonly player: number;
  /** Copies of the request still to come. */
  readonly left: number;
  readonly width: number;
  readonly height: number;
  /** Bytes from row to row. */
  readonly stride: number;
  readonly format: "rgba8unorm" | "bgra8unorm";
  readonly path: "planes" | "external";
  readonly keySource: KeySource;
  readonly rtp: number | null;
  /** VideoFrame.timestamp in microseconds. */
  readonly timestamp: number;
  /** Labels of the boxes found on this very picture, and how many were predicted beside them. */
  readonly labels: readonly string[];
  readonly predicted: number;
  readonly pixels: ArrayBuffer;
}

/** A frame's RGBA picture and its tensor. */
export interface ConvertedMessage {
  readonly type: "converted";
  readonly request: number;
  readonly path: "planes" | "external";
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly pixels: ArrayBuffer;
  readonly tensor?: ArrayBuffer;
}

/** What the worker holds, for tests that look for leaks. */
export interface CountsMessage {
  readonly type: "counts";
  readonly request: number;
  readonly players: number;
  readonly buffers: number;
  readonly textures: number;
  /** Bytes of all GPU buffers. */
  readonly bytes: number;
  /** The Go program's goroutines, live heap and memory taken from the browser, in bytes. */
  readonly goroutines: number;
  readonly heap: number;
  readonly memory: number;
}

/** From the worker to the window. */
export type FromWorker =
  /** There is a GPU device; players need a fresh canvas. */
  | { type: "ready"; adapter: string; format: string; trackProcessor: boolean }
  /** The device is lost; another `ready` or `unavailable` follows. */
  | { type: "lost"; reason: string; text: string }
  /** There is no GPU for good. */
  | { type: "unavailable"; text: string }
  | FrameReport
  /** A player's frames have ended. */
  | { type: "ended"; player: number }
  /** A player cannot draw with the GPU. */
  | { type: "failed"; player: number; text: string }
  /** A fault that ends nothing; player 0 concerns all. */
  | { type: "problem"; player: number; text: string }
  /** A request that cannot be served. */
  | { type: "refused"; request: number; text: string }
  | PixelsMessage
  | ConvertedMessage
  | CountsMessage
  /** How the detectors of a player do, about once a second. */
  | { type: "detectors"; player: number; detectors: readonly DetectorFigures[] }
  /** An event that they noticed, as annotation, and whether the relay was told. */
  | { type: "noticed"; player: number; text: string; reported: boolean };

type Check = (value: unknown) => boolean;
type Shape = { readonly [key: string]: Check };

const isText: Check = (v) => typeof v === "string";
const isNumber: Check = (v) => typeof v === "number" && Number.isFinite(v);
const isCount: Check = (v) => Number.isInteger(v) && (v as number) >= 0;
const isFlag: Check = (v) => typeof v === "boolean";
const isBytes: Check = (v) => v instanceof ArrayBuffer;
const isRTP: Check = (v) => v === null || (isCount(v) && (v as number) <= 0xffff_ffff);
const oneOf =
  (...values: string[]): Check =>
  (v) =>
    typeof v === "string" && values.includes(v);
const optional =
  (check: Check): Check =>
  (v) =>
    v === undefined || check(v);

const isTexts: Check = (v) => Array.isArray(v) && v.every(isText);
const isAnnotationCounts: Check = (v) => {
  if (v === null) return true;
  if (typeof v !== "object") return false;
  const counts = v as Record<string, unknown>;
  const whole = ["announced", "arrived", "late", "shown", "predicted", "missed", "held"];
  return (
    whole.every((key) => isCount(counts[key])) && isNumber(counts.heldMs) && isTexts(counts.sources)
  );
};

const isDetectors: Check = (v) =>
  Array.isArray(v) &&
  v.every((item: unknown) => {
    if (typeof item !== "object" || item === null) return false;
    const figures = item as Record<string, unknown>;
    return (
      isText(figures.name) &&
      isNumber(figures.rate) &&
      isNumber(figures.latency) &&
      isCount(figures.analysed) &&
      isCount(figures.skipped)
    );
  });

const isPath = oneOf("planes", "external");
const isKeySource = oneOf("frame-metadata", "script-transform", "video-callback", "none");

const shapes: { readonly [T in FromWorker["type"]]: Shape } = {
  ready: { adapter: isText, format: isText, trackProcessor: isFlag },
  lost: { reason: isText, text: isText },
  unavailable: { text: isText },
  report: {
    player: isCount,
    frames: isCount,
    width: isCount,
    height: isCount,
    format: isText,
    path: isPath,
    keySource: isKeySource,
    rtp: isRTP,
    gpu: isNumber,
    annotations: isAnnotationCounts,
  },
  ended: { player: isCount },
  detectors: { player: isCount, detectors: isDetectors },
  noticed: { player: isCount, text: isText, reported: isFlag },
  failed: { player: isCount, text: isText },
  problem: { player: isCount, text: isText },
  refused: { request: isCount, text: isText },
  pixels: {
    request: isCount,
    player: isCount,
    left: isCount,
    width: isCount,
    height: isCount,
    stride: isCount,
    format: oneOf("rgba8unorm", "bgra8unorm"),
    path: isPath,
    keySource: isKeySource,
    rtp: isRTP,
    timestamp: isNumber,
    labels: isTexts,
    predicted: isCount,
    pixels: isBytes,
  },
  converted: {
    request: isCount,
    path: isPath,
    width: isCount,
    height: isCount,
    stride: isCount,
    pixels: isBytes,
    tensor: optional(isBytes),
  },
  counts: {
    request: isCount,
    players: isCount,
    buffers: isCount,
    textures: isCount,
    bytes: isCount,
    goroutines: isCount,
    heap: isCount,
    memory: isCount,
  },
};

/** Checks a message from the worker; throws an Error that names the field at fault. */
export function parseFromWorker(data: unknown): FromWorker {
  if (typeof data !== "object" || data === null) {
    throw new Error("message from the worker is no object");
  }
  const fields = data as Record<string, unknown>;
  const type = fields.type;
  if (typeof type !== "string" || !Object.hasOwn(shapes, type)) {
    throw new Error(`message from the worker has the unknown type ${String(type)}`);
  }
  const shape = shapes[type as FromWorker["type"]];
  for (const [key, check] of Object.entries(shape)) {
    if (!check(fields[key])) {
      throw new Error(`message ${type} from the worker: field ${key} is ${String(fields[key])}`);
    }
  }
  return data as FromWorker;
}
