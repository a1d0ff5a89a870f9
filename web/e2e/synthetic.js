// Runs in the test's page: video frames with known content, a camera that shows
// them, and what their pixels must become, by plain arithmetic.

globalThis.synthetic = (() => {
  const coefficients = {
    bt709: [0.2126, 0.0722],
    smpte170m: [0.299, 0.114],
    "bt2020-ncl": [0.2627, 0.0593],
  };

  /** One pixel of Y'CbCr as R, G, B of 0..255 (ITU-T H.273, equations 1 to 53). */
  function toRGB(y, cb, cr, matrix, fullRange) {
    const [kr, kb] = coefficients[matrix];
    const luma = fullRange ? y / 255 : (y - 16) / 219;
    const scale = fullRange ? 255 : 224;
    const b = luma + (2 * (1 - kb) * (cb - 128)) / scale;
    const r = luma + (2 * (1 - kr) * (cr - 128)) / scale;
    const g = (luma - kr * r - kb * b) / (1 - kr - kb);
    return [r, g, b].map((v) => 255 * Math.min(1, Math.max(0, v)));
  }

  /** Numbers of 0..255 that look random and are the same each time. */
  function noise(seed) {
    let state = seed;
    return () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    };
  }

  /** Makes the planes of a coded picture; chroma holds for 2 x 2 pixels. */
  function planes(width, height, seed) {
    const next = noise(seed);
    const chromaWidth = (width + 1) >> 1;
    const chromaHeight = (height + 1) >> 1;
    const fill = (n) => Uint8Array.from({ length: n }, next);
    return {
      width,
      height,
      chromaWidth,
      y: fill(width * height),
      cb: fill(chromaWidth * chromaHeight),
      cr: fill(chromaWidth * chromaHeight),
    };
  }

  /** A frame of the planes, in a format and colour space. */
  function frame(picture, options) {
    const { format, timestamp, matrix, fullRange } = options;
    const { width, height, y, cb, cr } = picture;
    const data = new Uint8Array(y.length + cb.length + cr.length);
    data.set(y);
    if (format === "I420") {
      data.set(cb, y.length);
      data.set(cr, y.length + cb.length);
    } else {
      for (let i = 0; i < cb.length; i++) {
        data[y.length + 2 * i] = cb[i];
        data[y.length + 2 * i + 1] = cr[i];
      }
    }
    const init = {
      format,
      codedWidth: width,
      codedHeight: height,
      timestamp,
      colorSpace: { matrix, fullRange, primaries: "bt709", transfer: "bt709" },
    };
    for (const key of ["visibleRect", "rotation", "flip"]) {
      if (options[key] !== undefined) init[key] = options[key];
    }
    return new VideoFrame(data, init);
  }

  /** What the upright picture's pixel x, y must be. */
  function expected(picture, options, x, y) {
    const rect = options.visibleRect ?? {
      x: 0,
      y: 0,
      width: picture.width,
      height: picture.height,
    };
    const turn = options.rotation ?? 0;
    const upright = turn % 180 === 0 ? rect : { width: rect.height, height: rect.width };
    const u = options.flip ? upright.width - 1 - x : x;
    // The picture was turned clockwise: go back.
    const [px, py] = {
      0: [u, y],
      90: [y, rect.height - 1 - u],
      180: [rect.width - 1 - u, rect.height - 1 - y],
      270: [rect.width - 1 - y, u],
    }[turn];
    const sx = rect.x + px;
    const sy = rect.y + py;
    const chroma = (sy >> 1) * picture.chromaWidth + (sx >> 1);
    return toRGB(
      picture.y[sy * picture.width + sx],
      picture.cb[chroma],
      picture.cr[chroma],
      options.matrix,
      options.fullRange,
    );
  }

  /** The size of the upright picture. */
  function size(picture, options) {
    const { width, height } = options.visibleRect ?? picture;
    return (options.rotation ?? 0) % 180 === 0
      ? { width, height }
      : { width: height, height: width };
  }

  /** Compares pixels read back with what they must be; returns the largest difference and where. */
  function compare(copy, picture, options) {
    const want = size(picture, options);
    if (copy.width !== want.width || copy.height !== want.height) {
      return { error: `size ${copy.width} x ${copy.height}, not ${want.width} x ${want.height}` };
    }
    const data = new Uint8Array(copy.pixels);
    const order = copy.format === "bgra8unorm" ? [2, 1, 0] : [0, 1, 2];
    let worst = 0;
    let where = "";
    for (let y = 0; y < want.height; y++) {
      for (let x = 0; x < want.width; x++) {
        const rgb = expected(picture, options, x, y);
        for (let c = 0; c < 3; c++) {
          const got = data[y * copy.stride + 4 * x + order[c]];
          const difference = Math.abs(got - rgb[c]);
          if (difference > worst) {
            worst = difference;
            where = `${x},${y} channel ${c}: ${got}, not ${rgb[c].toFixed(1)}`;
          }
        }
      }
    }
    return { worst, where, pixels: want.width * want.height };
  }

  /** The letterboxed tensor of a frame's picture, bilinear, grey bars. */
  function tensor(picture, options, width, height) {
    const from = size(picture, options);
    const ratio = Math.min(width / from.width, height / from.height);
    const w = Math.round(from.width * ratio);
    const h = Math.round(from.height * ratio);
    const left = Math.floor((width - w) / 2);
    const top = Math.floor((height - h) / 2);
    const out = new Float32Array(3 * width * height).fill(114 / 255);
    const clamp = (v, most) => Math.min(Math.max(v, 0), most);
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const sx = clamp(((x + 0.5) * from.width) / w - 0.5, from.width - 1);
        const sy = clamp(((y + 0.5) * from.height) / h - 0.5, from.height - 1);
        const [x0, y0] = [Math.floor(sx), Math.floor(sy)];
        const [x1, y1] = [Math.min(x0 + 1, from.width - 1), Math.min(y0 + 1, from.height - 1)];
        const at = (px, py) => expected(picture, options, px, py);
        const [a, b, c, d] = [at(x0, y0), at(x1, y0), at(x0, y1), at(x1, y1)];
        for (let i = 0; i < 3; i++) {
          const upper = a[i] + (b[i] - a[i]) * (sx - x0);
          const lower = c[i] + (d[i] - c[i]) * (sx - x0);
          out[i * width * height + (top + y) * width + left + x] =
            (upper + (lower - upper) * (sy - y0)) / 255;
        }
      }
    }
    return out;
  }

  /** A track that shows what `next` makes, a few times a second. */
  function camera(next, fps = 5) {
    const generator = new MediaStreamTrackGenerator({ kind: "video" });
    const writer = generator.writable.getWriter();
    let number = 0;
    let timer = 0;
    const write = () => {
      number += 1;
      writer.write(next(number)).catch(() => clearInterval(timer));
    };
    timer = setInterval(write, 1000 / fps);
    return { track: generator, stop: () => clearInterval(timer) };
  }

  /** Puts a player into the page. */
  function player(attributes = {}) {
    const element = document.createElement("sightline-player");
    element.style.width = "320px";
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    document.body.append(element);
    return element;
  }

  /** Waits until a condition on the player's state holds. */
  async function until(element, holds, ms = 60_000) {
    const end = performance.now() + ms;
    while (!(element.snapshot && holds(element.snapshot))) {
      if (performance.now() > end) {
        throw new Error(`not within ${ms} ms; the state is ${JSON.stringify(element.snapshot)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return element.snapshot;
  }

  /** A camera of a grey wedge that moves, and a player that shows it. */
  function playing(attributes = {}, fps = 5) {
    const element = player(attributes);
    const source = camera((number) => {
      const picture = planes(64, 48, 1);
      picture.y.forEach((_, i) => {
        picture.y[i] = 60 + ((i + number) % 64) * 2;
      });
      picture.cb.fill(90);
      picture.cr.fill(170);
      return frame(picture, {
        format: "I420",
        timestamp: number * 200_000,
        matrix: "bt709",
        fullRange: false,
      });
    }, fps);
    element.startTrack(source.track);
    return { element, source };
  }

  return { planes, frame, compare, tensor, camera, player, playing, until, expected };
})();
