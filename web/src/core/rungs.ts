// The choice of the rung: what this browser can do, and why not more.

import type { Rung } from "./snapshot.ts";

/** A rung that is asked for, or the best there is. */
export type RungWish = "auto" | Rung;

/** A rung and why it is taken, in a sentence. */
export interface RungChoice {
  readonly rung: Rung;
  readonly reason: string;
}

/** What the window offers. */
export interface Abilities {
  readonly webgpu: boolean;
  readonly trackProcessor: boolean;
  readonly offscreenCanvas: boolean;
  readonly secure: boolean;
}

/** Looks at the window. */
export function abilities(): Abilities {
  return {
    webgpu: "gpu" in navigator && navigator.gpu !== undefined && navigator.gpu !== null,
    trackProcessor: typeof globalThis.MediaStreamTrackProcessor === "function",
    offscreenCanvas:
      typeof OffscreenCanvas === "function" &&
      "transferControlToOffscreen" in HTMLCanvasElement.prototype,
    secure: globalThis.isSecureContext,
  };
}

/** Chooses the rung; `noGpu` is why the GPU is given up, empty if it is not. */
export function chooseRung(
  wish: RungWish,
  noGpu: string,
  can: Abilities = abilities(),
): RungChoice {
  const video = (reason: string): RungChoice => ({ rung: "video", reason });
  if (wish === "video") return video("The page asks for the video element.");
  if (noGpu !== "") return video(`Shown by the video element: ${noGpu}.`);
  if (!can.webgpu) {
    return video(
      can.secure
        ? "Shown by the video element: this browser has no WebGPU."
        : "Shown by the video element: browsers hide WebGPU on plain HTTP; open this page by HTTPS.",
    );
  }
  if (!can.offscreenCanvas) {
    return video("Shown by the video element: this browser has no OffscreenCanvas.");
  }
  if (can.trackProcessor && wish !== "worker-track") {
    return { rung: "processor", reason: "MediaStreamTrackProcessor and WebGPU are there." };
  }
  return {
    rung: "worker-track",
    reason:
      wish === "worker-track"
        ? "The page asks for the track in the worker."
        : "The window has no MediaStreamTrackProcessor; the worker reads the track.",
  };
}
