// Saves the picture on the screen as a PNG file.

import type { PixelsMessage } from "../core/messages.ts";
import type { PlayerElement } from "./player.ts";

/** Rows without padding, in the order R, G, B, A. */
export function tightRGBA(
  message: Pick<PixelsMessage, "width" | "height" | "stride" | "format" | "pixels">,
): Uint8ClampedArray<ArrayBuffer> {
  const { width, height, stride, format } = message;
  const from = new Uint8Array(message.pixels);
  const to = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    to.set(from.subarray(y * stride, y * stride + width * 4), y * width * 4);
  }
  if (format === "bgra8unorm") {
    for (let i = 0; i < to.length; i += 4) {
      const blue = to[i] ?? 0;
      to[i] = to[i + 2] ?? 0;
      to[i + 2] = blue;
    }
  }
  return to;
}

/** A file name that says which stream, when, and which frame. */
export function photoName(stream: string, time: Date, rtp: number | null): string {
  const stamp = time.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `${stream}-${stamp}Z${rtp === null ? "" : `-rtp${rtp}`}.png`;
}

/** Takes the next frame's picture, without overlay, and has the browser save it. */
export async function savePhoto(stream: string, player: PlayerElement): Promise<void> {
  const taken: PixelsMessage[] = [];
  await player.readPixels(1, "picture", (message) => taken.push(message));
  const message = taken[0];
  if (message === undefined) throw new Error("the player gave no picture");
  const canvas = new OffscreenCanvas(message.width, message.height);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("the browser gives no canvas");
  context.putImageData(new ImageData(tightRGBA(message), message.width, message.height), 0, 0);
  const url = URL.createObjectURL(await canvas.convertToBlob({ type: "image/png" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = photoName(stream, new Date(), message.rtp);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
