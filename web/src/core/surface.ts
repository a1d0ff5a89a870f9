// What a player needs of the page that it stands in.

import type {
  AnnotationCounts,
  DrawOptions,
  OverlayBox,
  PixelsMessage,
  SurfaceSize,
} from "./messages.ts";
import type { KeySource } from "./snapshot.ts";

/** A frame that the video rung has shown. */
export interface VideoFrameReport {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly rtp: number | null;
  readonly keySource: KeySource;
  /** Null while no annotations are drawn. */
  readonly annotations: AnnotationCounts | null;
}

/** A picture shown by a video element. */
export interface VideoSurface {
  update(options: DrawOptions, boxes: readonly OverlayBox[]): void;
  read(count: number, each: (pixels: PixelsMessage) => void): Promise<void>;
  close(): void;
}

/** What a player needs of the page. */
export interface Surface {
  /** A canvas in the page, new each time: one whose device was lost stays blank for good. */
  freshCanvas(): OffscreenCanvas;
  size(): SurfaceSize;
  /** Shows a track without the worker. */
  showVideo(track: MediaStreamTrack, shown: (report: VideoFrameReport) => void): VideoSurface;
}
