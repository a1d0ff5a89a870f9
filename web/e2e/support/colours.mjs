// Pictures of two colours, side by side, and how a player shows them.

/** Waits until the canvas of a player shows colours at a quarter and three quarters of its width. */
export async function showsColours(page, stream, wanted) {
  return page.evaluate(
    async ([stream, wanted]) => {
      globalThis.element ??= play({ stream, overlay: "none", resolution: "picture" });
      await until(element, (s) => s.frames > 3);
      let seen;
      for (let tries = 0; tries < 100; tries++) {
        let copy;
        await element.readPixels(1, "canvas", (c) => {
          copy = c;
        });
        const data = new Uint8Array(copy.pixels);
        seen = [0.25, 0.75].map((x) =>
          pixelOf(copy, data, Math.floor(copy.width * x), Math.floor(copy.height / 2)),
        );
        const close = seen.every((rgb, i) =>
          rgb.every((value, channel) => Math.abs(value - wanted[i][channel]) < 60),
        );
        if (close) return { ok: true, seen };
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      return { ok: false, seen };
    },
    [stream, wanted],
  );
}

export const red = [255, 0, 0];
export const blue = [0, 0, 255];
export const lime = [0, 255, 0];
