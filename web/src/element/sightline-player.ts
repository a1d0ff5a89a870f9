// <sightline-player stream="gate"> shows one stream of a relay.
//
// Attributes:
//   stream      the stream's name; the player starts when it has one and is in a page
//   base        the relay's address, by default the page's own origin
//   overlay     key (the frame's RTP timestamp) or none (default)
//   annotations hold (default): boxes of the relay and of this browser, pictures being analysed
//               wait 30 ms at most for theirs; free: no picture waits; off: no boxes
//   detect      auto (default): this browser's own detectors of motion, light and tampering run
//               where there is a GPU; on; off
//   rung        auto (default), processor, worker-track or video
//   path        auto (default), planes or external: how pixels reach the GPU
//   resolution  display (default): the canvas has the element's device pixels;
//               picture: it has the picture's own, scaled by the browser
// Property snapshot and event sightline-state (detail: PlayerSnapshot) tell its state.

import type { DetectWish } from "../core/detect.ts";
import type {
  ConvertedMessage,
  CountsMessage,
  DrawOptions,
  Overlay,
  OverlayBox,
  PixelPath,
  PixelsMessage,
  ReadSource,
  SurfaceSize,
} from "../core/messages.ts";
import { Player, type PlayerOptions } from "../core/player.ts";
import type { RungWish } from "../core/rungs.ts";
import type { PlayerSnapshot } from "../core/snapshot.ts";
import type { Surface } from "../core/surface.ts";
import { sharedWorkerLink } from "./shared-worker-link.ts";
import { VideoElementSurface } from "./video-surface.ts";

const styles = `
:host { display: block; position: relative; overflow: hidden; background: #000; aspect-ratio: 16 / 9; }
:host([hidden]) { display: none; }
canvas, video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
`;

/** Larger canvases cost memory and gain nothing. */
const maxCanvasSide = 4096;

/** One value of a list, or the first. */
function among<T extends string>(value: string | null, values: readonly [T, ...T[]]): T {
  return values.find((v) => v === value) ?? values[0];
}

/** The custom element. */
export class SightlinePlayer extends HTMLElement implements Surface {
  static readonly observedAttributes = [
    "stream",
    "base",
    "overlay",
    "annotations",
    "detect",
    "rung",
    "path",
    "resolution",
  ];

  readonly #root = this.attachShadow({ mode: "open" });
  readonly #internals = this.attachInternals();
  #player: Player | null = null;
  /** The last rung's surface, once it is in use. */
  #video: VideoElementSurface | null = null;
  /** Where the stream's annotations are; empty for a track from elsewhere. */
  #annotated = { base: "", stream: "" };
  #canvas: HTMLCanvasElement | null = null;
  #snapshot: PlayerSnapshot | null = null;
  #leave: AbortController | null = null;
  #inView = true;
  #width = 0;
  #height = 0;
  #scale = devicePixelRatio;

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    this.#root.adoptedStyleSheets = [sheet];
    this.#internals.role = "img";
  }

  /** The newest state, null before the first start. */
  get snapshot(): PlayerSnapshot | null {
    return this.#snapshot;
  }

  connectedCallback(): void {
    const leave = new AbortController();
    this.#leave = leave;
    const { signal } = leave;
    const resize = new ResizeObserver((entries) => {
      const entry = entries.at(-1);
      if (entry) this.#resized(entry);
    });
    try {
      // Also tells of another zoom or screen.
      resize.observe(this, { box: "device-pixel-content-box" });
    } catch {
      resize.observe(this); // Safari
    }
    const view = new IntersectionObserver((entries) => {
      this.#inView = entries.at(-1)?.isIntersecting ?? true;
      this.#update();
    });
    view.observe(this);
    signal.addEventListener("abort", () => {
      resize.disconnect();
      view.disconnect();
    });
    document.addEventListener("visibilitychange", () => this.#update(), { signal });
    addEventListener("pagehide", () => this.stop(), { signal });
    addEventListener("pageshow", () => this.start(), { signal });
    this.start();
  }

  disconnectedCallback(): void {
    this.#leave?.abort();
    this.#leave = null;
    this.stop();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.#leave) return;
    switch (name) {
      case "overlay":
      case "annotations":
      case "detect":
      case "path":
        this.#update();
        break;
      case "resolution":
        this.#player?.resize();
        break;
      default:
        this.stop();
        this.start();
    }
  }

  /** Starts to play the stream; does nothing while it plays. */
  start(): void {
    const stream = this.getAttribute("stream");
    if (this.#player || !stream || !this.#leave) return;
    const player = this.#create(stream);
    this.#annotated = { base: new URL(this.#base(), location.href).origin, stream };
    player.start();
  }

  /** Plays a track that comes from elsewhere instead of a stream of the relay. */
  startTrack(track: MediaStreamTrack): void {
    this.stop();
    this.#create(this.getAttribute("stream") ?? track.label).startTrack(track);
  }

  /** Stops playing and ends the session at the relay. */
  stop(): void {
    this.#player?.stop();
    this.#player = null;
    this.#video = null;
    this.#annotated = { base: "", stream: "" };
    this.#canvas?.remove();
    this.#canvas = null;
  }

  /** Draws boxes on each picture until they are replaced. */
  setBoxes(boxes: readonly OverlayBox[]): void {
    this.#player?.setBoxes(boxes);
  }

  /**
   * Reads back the next frames: the canvas as it is drawn, or the picture without overlay. For tests
   * and measurements: it slows the player down.
   */
  readPixels(
    count: number,
    source: ReadSource,
    each: (pixels: PixelsMessage) => void,
  ): Promise<void> {
    return this.#player?.read(count, source, each) ?? Promise.reject(new Error("not started"));
  }

  /** Converts one frame in the worker to its RGBA picture and, with a size, to a tensor. For tests. */
  static convertFrame(
    frame: VideoFrame,
    path: PixelPath,
    tensorWidth = 0,
    tensorHeight = 0,
  ): Promise<ConvertedMessage> {
    return sharedWorkerLink().convert(frame, path, tensorWidth, tensorHeight);
  }

  /** What the document's worker holds on the GPU. For tests that look for leaks. */
  static counts(): Promise<CountsMessage> {
    return sharedWorkerLink().counts();
  }

  freshCanvas(): OffscreenCanvas {
    const canvas = document.createElement("canvas");
    this.#canvas?.remove();
    this.#canvas = canvas;
    this.#root.append(canvas);
    return canvas.transferControlToOffscreen();
  }

  size(): SurfaceSize {
    if (this.getAttribute("resolution") === "picture") return { width: 0, height: 0, scale: 1 };
    return { width: this.#width, height: this.#height, scale: this.#scale };
  }

  showVideo(
    track: MediaStreamTrack,
    shown: ConstructorParameters<typeof VideoElementSurface>[2],
  ): VideoElementSurface {
    this.#canvas?.remove();
    this.#canvas = null;
    this.#video = new VideoElementSurface(this.#root, track, shown);
    this.#annotate();
    return this.#video;
  }

  /** Tells the last rung's surface what to annotate; the player tells the worker. */
  #annotate(): void {
    const { base, stream } = this.#annotated;
    this.#video?.annotate(base, this.getAttribute("annotations") === "off" ? "" : stream);
  }

  #create(stream: string): Player {
    this.#internals.ariaLabel = `Picture of ${stream}`;
    const player: Player = new Player(
      stream,
      this.#base(),
      this.#options(),
      this,
      sharedWorkerLink,
      (snapshot) => this.#changed(snapshot),
    );
    this.#player = player;
    return player;
  }

  #base(): string {
    return new URL(this.getAttribute("base") ?? "/", location.href).href.replace(/\/$/, "");
  }

  #changed(snapshot: PlayerSnapshot): void {
    this.#snapshot = snapshot;
    this.dispatchEvent(new CustomEvent("sightline-state", { detail: snapshot }));
  }

  #options(): PlayerOptions {
    const draw: DrawOptions = {
      overlay: among<Overlay>(this.getAttribute("overlay"), ["none", "key"]),
      path: among<PixelPath>(this.getAttribute("path"), ["auto", "planes", "external"]),
      visible: this.#inView && document.visibilityState === "visible",
    };
    const rung = among<RungWish>(this.getAttribute("rung"), [
      "auto",
      "processor",
      "worker-track",
      "video",
    ]);
    const annotations = among(this.getAttribute("annotations"), ["hold", "free", "off"]);
    const detect = among<DetectWish>(this.getAttribute("detect"), ["auto", "on", "off"]);
    return { ...draw, rung, annotations, detect };
  }

  #update(): void {
    this.#player?.update(this.#options());
    this.#annotate();
  }

  #resized(entry: ResizeObserverEntry): void {
    const scale = devicePixelRatio;
    // Safari has no size in device pixels.
    const pixels: ResizeObserverSize | undefined = entry.devicePixelContentBoxSize?.[0];
    const width = pixels?.inlineSize ?? Math.round(entry.contentRect.width * scale);
    const height = pixels?.blockSize ?? Math.round(entry.contentRect.height * scale);
    const shrink = Math.min(1, maxCanvasSide / Math.max(width, height, 1));
    this.#width = Math.max(1, Math.round(width * shrink));
    this.#height = Math.max(1, Math.round(height * shrink));
    // Not devicePixelRatio: text must fit the canvas as it is, also a bounded one.
    const { width: cssWidth } = entry.contentRect;
    this.#scale = cssWidth > 0 ? Math.min(16, this.#width / cssWidth) : scale;
    this.#player?.resize();
  }
}

if (!customElements.get("sightline-player")) {
  customElements.define("sightline-player", SightlinePlayer);
}

declare global {
  interface HTMLElementTagNameMap {
    "sightline-player": SightlinePlayer;
  }
  interface HTMLElementEventMap {
    "sightline-state": CustomEvent<PlayerSnapshot>;
  }
}
