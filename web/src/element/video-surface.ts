// The last rung: the browser's own video element, with a 2D canvas over it for
// the overlay. It needs neither worker nor WebGPU.

import { AnnotatedPictures } from "../core/annotated-pictures.ts";
import type { DrawOptions, OverlayBox, PixelsMessage } from "../core/messages.ts";
import type { VideoFrameReport, VideoSurface } from "../core/surface.ts";
import { listen } from "./window-annotations.ts";

/** What requestVideoFrameCallback says of a frame received by WebRTC. */
type FrameMetadata = VideoFrameCallbackMetadata & { readonly rtpTimestamp?: number };

interface Reading {
  left: number;
  each(pixels: PixelsMessage): void;
  done(): void;
  failed(error: Error): void;
}

/** Shows a track in `parent` until closed. */
export class VideoElementSurface implements VideoSurface {
  readonly #video = document.createElement("video");
  readonly #canvas = document.createElement("canvas");
  readonly #shown: (report: VideoFrameReport) => void;
  readonly #observer: ResizeObserver;
  #options: DrawOptions = { overlay: "none", path: "auto", visible: true };
  #boxes: readonly OverlayBox[] = [];
  /** What the relay says of the pictures; null while that is not drawn. */
  #annotations: AnnotatedPictures | null = null;
  #found: readonly OverlayBox[] = [];
  #deaf: (() => void) | null = null;
  #frames = 0;
  #rtp: number | null = null;
  #callback = 0;
  #reading: Reading[] = [];
  #copy: OffscreenCanvas | HTMLCanvasElement | null = null;

  constructor(
    parent: ParentNode,
    track: MediaStreamTrack,
    shown: (report: VideoFrameReport) => void,
  ) {
    this.#shown = shown;
    this.#video.muted = true;
    this.#video.autoplay = true;
    this.#video.playsInline = true;
    this.#video.disablePictureInPicture = true;
    this.#video.srcObject = new MediaStream([track]);
    this.#canvas.className = "overlay";
    this.#canvas.setAttribute("aria-hidden", "true");
    parent.append(this.#video, this.#canvas);
    this.#observer = new ResizeObserver(() => this.#draw());
    this.#observer.observe(this.#canvas);
    this.#video.play().catch(() => {
      // Muted video may always play; where it may not, the picture starts with the first gesture.
    });
    this.#await();
  }

  update(options: DrawOptions, boxes: readonly OverlayBox[]): void {
    this.#options = options;
    this.#boxes = boxes;
    this.#draw();
  }

  /** Draws the annotations of a relay's stream, or none with an empty name. */
  annotate(base: string, stream: string): void {
    if ((stream !== "") === (this.#annotations !== null)) return;
    this.#deaf?.();
    this.#deaf = null;
    this.#annotations = null;
    this.#found = [];
    if (stream !== "") {
      const annotations = new AnnotatedPictures();
      this.#annotations = annotations;
      this.#deaf = listen(base, stream, (text) => annotations.take(text, performance.now()));
    }
    this.#draw();
  }

  read(count: number, each: (pixels: PixelsMessage) => void): Promise<void> {
    return new Promise((done, failed) => {
      this.#reading.push({ left: count, each, done, failed });
    });
  }

  close(): void {
    this.annotate("", "");
    if ("cancelVideoFrameCallback" in this.#video) {
      this.#video.cancelVideoFrameCallback(this.#callback);
    }
    this.#observer.disconnect();
    this.#video.srcObject = null;
    this.#video.remove();
    this.#canvas.remove();
    for (const reading of this.#reading.splice(0)) {
      reading.failed(new Error("the video element is closed"));
    }
  }

  #await(): void {
    if ("requestVideoFrameCallback" in this.#video) {
      this.#callback = this.#video.requestVideoFrameCallback((_, metadata) => {
        this.#frame(metadata);
        this.#await();
      });
      return;
    }
    // Without the callback nothing is known of single frames, only that pictures come.
    const video: HTMLVideoElement = this.#video;
    video.addEventListener("timeupdate", () => {
      this.#frames += 1;
      this.#find();
      this.#tell();
      this.#draw();
    });
  }

  #frame(metadata: FrameMetadata): void {
    this.#frames = metadata.presentedFrames;
    this.#rtp = typeof metadata.rtpTimestamp === "number" ? metadata.rtpTimestamp >>> 0 : null;
    this.#find();
    this.#tell();
    this.#draw();
    this.#readBack();
  }

  /** Finds what to draw on the picture shown now. */
  #find(): void {
    this.#found = this.#annotations?.draw(this.#rtp, performance.now()) ?? [];
  }

  #tell(): void {
    this.#shown({
      frames: this.#frames,
      width: this.#video.videoWidth,
      height: this.#video.videoHeight,
      rtp: this.#rtp,
      keySource: this.#rtp === null ? "none" : "video-callback",
      annotations: this.#annotations?.counts ?? null,
    });
  }

  /** Draws the overlay in the picture's rectangle. */
  #draw(): void {
    const scale = devicePixelRatio;
    const { clientWidth, clientHeight } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    const { videoWidth, videoHeight } = this.#video;
    if (!context || clientWidth === 0) return;
    const width = Math.round(clientWidth * scale);
    const height = Math.round(clientHeight * scale);
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, clientWidth, clientHeight);
    context.font = "600 12px system-ui, sans-serif";
    context.textBaseline = "middle";
    if (videoWidth > 0) {
      const ratio = Math.min(clientWidth / videoWidth, clientHeight / videoHeight);
      const left = (clientWidth - videoWidth * ratio) / 2;
      const top = (clientHeight - videoHeight * ratio) / 2;
      for (const box of [...this.#boxes, ...this.#found]) {
        drawBox(context, box, left, top, videoWidth * ratio, videoHeight * ratio);
      }
    }
    if (this.#options.overlay === "key" && this.#frames > 0) {
      const text = this.#rtp === null ? "rtp ≈ unknown" : `rtp ${this.#rtp}`;
      const textWidth = context.measureText(text).width;
      context.fillStyle = "rgb(0 0 0 / 69%)";
      context.fillRect(8, clientHeight - 25, textWidth + 10, 17);
      context.fillStyle = "#fff";
      context.fillText(text, 13, clientHeight - 16);
    }
  }

  /** Serves the requests for copies with the frame shown now. */
  #readBack(): void {
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (this.#reading.length === 0 || width === 0) return;
    this.#copy ??= document.createElement("canvas");
    this.#copy.width = width;
    this.#copy.height = height;
    const context = this.#copy.getContext("2d", { willReadFrequently: true });
    if (!context || !("drawImage" in context)) return;
    context.drawImage(this.#video, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    for (const reading of [...this.#reading]) {
      reading.left -= 1;
      reading.each({
        type: "pixels",
        request: 0,
        player: 0,
        left: reading.left,
        width,
        height,
        stride: 4 * width,
        format: "rgba8unorm",
        path: "external",
        keySource: this.#rtp === null ? "none" : "video-callback",
        rtp: this.#rtp,
        timestamp: 0,
        labels: this.#found.filter((b) => !b.predicted).map((b) => b.label),
        predicted: this.#found.filter((b) => b.predicted).length,
        pixels: data.slice().buffer,
      });
      if (reading.left <= 0) {
        this.#reading = this.#reading.filter((r) => r !== reading);
        reading.done();
      }
    }
  }
}

function drawBox(
  context: CanvasRenderingContext2D,
  box: OverlayBox,
  left: number,
  top: number,
  width: number,
  height: number,
): void {
  const x = left + box.x * width;
  const y = top + box.y * height;
  const [r, g, b, a] = [0, 8, 16, 24].map((shift) => (box.color >>> shift) & 255) as [
    number,
    number,
    number,
    number,
  ];
  const color = `rgb(${r} ${g} ${b} / ${a / 255})`;
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.setLineDash(box.predicted ? [5, 5] : []);
  context.strokeRect(x, y, box.width * width, box.height * height);
  if (box.label === "") return;
  const labelTop = box.y < 0.04 ? y : y - 17;
  context.fillStyle = color;
  context.fillRect(x, labelTop, context.measureText(box.label).width + 10, 17);
  context.fillStyle = 299 * r + 587 * g + 114 * b > 140_000 ? "#000" : "#fff";
  context.fillText(box.label, x + 5, labelTop + 9);
}
