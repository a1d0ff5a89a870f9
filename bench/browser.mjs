// Drives Chromium for the benchmarks. Prints one JSON value.
//
//   node bench/browser.mjs latency RELAY-URL FRAMES
//   node bench/browser.mjs hold RELAY-URL FRAMES
//   node bench/browser.mjs page RELAY-URL VISITS

import { get } from "node:http";
import { openPage, startBrowser } from "../web/e2e/browser.mjs";

/** How long the first picture may take to come. */
const firstFrameMs = 60_000;
/** Pictures drawn before the first that counts. */
const warmUp = 30;

/** Runs in each page before its own scripts: notes when the first picture was drawn. */
function watchFirstFrame() {
  globalThis.firstFrame = new Promise((resolve) => {
    addEventListener(
      "sightline-state",
      (event) => {
        if (event.detail.frames > 0) resolve(performance.now());
      },
      true,
    );
  });
}

/** Waits for the first picture; resolves to milliseconds after navigation. */
async function firstFrame(page, log) {
  const late = new Promise((_, reject) => {
    setTimeout(reject, firstFrameMs, new Error("no picture came")).unref();
  });
  try {
    return await Promise.race([page.evaluate(() => firstFrame), late]);
  } catch (error) {
    const state = await page.evaluate(() => document.querySelector("sightline-player")?.snapshot);
    throw new Error(`${error.message}: ${JSON.stringify(state)}\n${log.join("\n")}`);
  }
}

/** Milliseconds since 1970 of a time like 2026-01-02T15:04:05.123456789Z, with its fraction. */
function milliseconds(text) {
  const fraction = Number(`0${/\.\d+/.exec(text)?.[0] ?? ""}`);
  return Date.parse(text.replace(/\.\d+/, "")) + 1000 * fraction;
}

/**
 * When the camera took the picture with counter 0, were it to have run without delay: each picture
 * is due at a multiple of the frame time, and the earliest of many was the least late.
 */
async function cameraZero(url) {
  let zero = Number.POSITIVE_INFINITY;
  let ticks = 0;
  for (let i = 0; i < 20; i++) {
    const { counter, latest } = await (await fetch(new URL("/api/v1/streams/demo", url))).json();
    ticks = counter.ticks_per_frame;
    const n = counter.counter + ((latest.rtp - counter.rtp) | 0) / ticks;
    zero = Math.min(zero, milliseconds(latest.captured) - (n * ticks) / 90);
    await new Promise((resolve) => setTimeout(resolve, 97));
  }
  return { zero, frame: ticks / 90 };
}

/** Runs in the page: reads the counter of the demo's pictures as they are drawn, and the time. */
async function readFrames(count) {
  /** Mean brightness of the middle half of cell i of the counter row, 80 by 45 cells a picture. */
  const cell = (copy, data, i) => {
    const [w, h] = [copy.width / 80, copy.height / 45];
    const [left, top] = [w * (1 + i), copy.height - 2 * h];
    let [sum, n] = [0, 0];
    for (let y = Math.round(top + h / 4); y < Math.round(top + (3 * h) / 4); y++) {
      for (let x = Math.round(left + w / 4); x < Math.round(left + (3 * w) / 4); x++) {
        sum += data[y * copy.stride + 4 * x + 1];
        n += 1;
      }
    }
    return sum / n;
  };
  /** The counter, null where the row cannot be read: sync 10, 32 bits, 8 bits of check, sync 01. */
  const readCounter = (copy) => {
    const data = new Uint8Array(copy.pixels);
    const cells = Array.from({ length: 44 }, (_, i) => cell(copy, data, i));
    const middle = (cells[0] + cells[1] + cells[42] + cells[43]) / 4;
    const bits = cells.slice(2, 42).map((v) => Number(v > middle));
    const number = (list) => list.reduce((n, bit) => n * 2 + bit, 0);
    let check = 0xa5;
    for (let i = 0; i < 32; i += 8) check ^= number(bits.slice(i, i + 8));
    return check === number(bits.slice(32)) ? number(bits.slice(0, 32)) : null;
  };
  // Date.now() drops the fraction of a millisecond: the largest difference is the true one.
  let offset = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < 20_000; i++) offset = Math.max(offset, Date.now() - performance.now());

  const player = document.querySelector("sightline-player");
  player.setAttribute("resolution", "picture");
  player.setAttribute("overlay", "none");
  const frames = [];
  const stages = [];
  const note = () => stages.push(player.snapshot.latency);
  const timer = setInterval(note, 500);
  await player.readPixels(count, "canvas", (copy) => {
    const at = performance.now() + offset;
    frames.push({ at, counter: readCounter(copy), boxes: copy.labels.length > 0 });
  });
  clearInterval(timer);
  const { adapter, rung, path, width, height, annotations } = player.snapshot;
  return { frames, stages, adapter, rung, path, width, height, annotations };
}

async function latency(browser, url, count) {
  const { page, log, close } = await openPage(browser);
  page.setDefaultTimeout(240_000);
  await page.addInitScript(watchFirstFrame);
  await page.goto(new URL("/view/demo", url).href);
  await firstFrame(page, log);
  const before = await cameraZero(url);
  const seen = await page.evaluate(readFrames, count + warmUp);
  const after = await cameraZero(url);
  await close();
  const zero = Math.min(before.zero, after.zero);
  const frames = seen.frames.slice(warmUp).filter((f) => f.counter !== null);
  if (frames.length < count / 2) {
    throw new Error(`the counter of ${frames.length} pictures of ${count} could be read`);
  }
  const [first, last] = [frames[0], frames.at(-1)];
  const stages = {};
  for (const name of Object.keys(seen.stages[0])) {
    stages[name] = seen.stages.map((s) => s[name]).filter((v) => v !== null);
  }
  return {
    adapter: seen.adapter,
    rung: seen.rung,
    path: seen.path,
    width: seen.width,
    height: seen.height,
    frames_read: frames.length,
    frames_missed: last.counter - first.counter + 1 - frames.length,
    fps: (1000 * (frames.length - 1)) / (last.at - first.at),
    latency_ms: frames.map((f) => f.at - (zero + f.counter * before.frame)),
    stages_ms: stages,
  };
}

/** Turns in which pictures are held for their boxes, and are not. */
const holdTurns = 8;

/**
 * The delay of a stream that the relay analyses, with holding pictures for their boxes and without, in
 * turns on one page, so that whatever else the machine does meets both alike.
 */
async function hold(browser, url, count) {
  const { page, log, close } = await openPage(browser);
  page.setDefaultTimeout(240_000);
  await page.addInitScript(watchFirstFrame);
  await page.goto(new URL("/view/demo", url).href);
  await firstFrame(page, log);
  await page.evaluate(readFrames, warmUp);
  const { zero, frame } = await cameraZero(url);
  const none = () => ({ latency_ms: [], with_boxes: [], held: 0, heldMs: 0, shown: 0, missed: 0 });
  const cases = { free: none(), hold: none() };
  const counted = ["held", "heldMs", "shown", "missed"];
  for (let turn = 0; turn < holdTurns; turn++) {
    const name = turn % 2 === 0 ? "free" : "hold";
    const of = cases[name];
    const before = await page.evaluate((name) => {
      const player = document.querySelector("sightline-player");
      player.setAttribute("annotations", name);
      return player.snapshot.annotations;
    }, name);
    const seen = await page.evaluate(readFrames, Math.ceil((2 * count) / holdTurns));
    for (const f of seen.frames.filter((f) => f.counter !== null)) {
      of.latency_ms.push(f.at - (zero + f.counter * frame));
      of.with_boxes.push(f.boxes);
    }
    for (const key of counted) of[key] += seen.annotations[key] - before[key];
  }
  await close();
  return cases;
}

/** The length of a file's body as it is transferred with an encoding. */
function transferred(url, encoding) {
  return new Promise((resolve, reject) => {
    const request = get(
      url,
      { headers: { "Accept-Encoding": encoding || "identity" } },
      (response) => {
        let bytes = 0;
        response.on("data", (data) => {
          bytes += data.length;
        });
        response.on("end", () => resolve(bytes));
      },
    );
    request.on("error", reject);
  });
}

/** One visit with an empty cache: the time to the first picture, and the files with their encodings. */
async function visit(browser, url) {
  const { page, log, close } = await openPage(browser);
  const files = new Map();
  const done = [];
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    // What the page asks of a running relay is no download.
    if (/^\/(api|whep)\//.test(pathname)) return;
    const note = (encoding) => files.set(pathname, encoding ?? "");
    done.push(response.headerValue("content-encoding").then(note));
  });
  await page.addInitScript(watchFirstFrame);
  await page.goto(new URL("/view/demo", url).href);
  const first = await firstFrame(page, log);
  const loaded = await page.evaluate(
    () => performance.getEntriesByType("navigation")[0].loadEventEnd,
  );
  await Promise.all(done);
  await close();
  return { first_frame_ms: first, loaded_ms: loaded, files };
}

/** Several visits; the files of the first, as the browser was sent them. */
async function visits(browser, url, count) {
  // The browser itself has to warm up.
  const { files } = await visit(browser, url);
  const list = [];
  for (const [path, encoding] of files) {
    list.push({ path, encoding, bytes: await transferred(new URL(path, url), encoding) });
  }
  if (!list.some((f) => f.path.endsWith(".wasm"))) {
    throw new Error(`no .wasm among a visit's files: ${JSON.stringify(list)}`);
  }
  const times = [];
  for (let i = 0; i < count; i++) {
    const { first_frame_ms, loaded_ms } = await visit(browser, url);
    times.push({ first_frame_ms, loaded_ms });
  }
  return { files: list, visits: times };
}

const [mode, url, number] = process.argv.slice(2);
const browser = await startBrowser();
try {
  let result;
  if (mode === "latency") {
    result = await latency(browser, url, Number(number));
  } else if (mode === "hold") {
    result = await hold(browser, url, Number(number));
  } else if (mode === "page") {
    result = await visits(browser, url, Number(number));
  } else {
    throw new Error(`mode ${JSON.stringify(mode)}: must be latency, hold or page`);
  }
  console.log(JSON.stringify(result));
} finally {
  await browser.close();
}
