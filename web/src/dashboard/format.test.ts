import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bitRate,
  codec,
  count,
  duration,
  frameRate,
  milliseconds,
  plural,
  resolution,
  unknown,
} from "./format.ts";

function table<A extends readonly unknown[]>(
  name: string,
  format: (...args: A) => string,
  rows: readonly (readonly [A, string])[],
) {
  test(name, () => {
    for (const [args, want] of rows) assert.equal(format(...args), want, JSON.stringify(args));
  });
}

table("milliseconds keep two or three digits", milliseconds, [
  [[null], unknown],
  [[Number.NaN], unknown],
  [[0], "0.0 ms"],
  [[3.24], "3.2 ms"],
  [[9.96], "10 ms"],
  [[148.4], "148 ms"],
  [[999.6], "1.0 s"],
  [[1440], "1.4 s"],
  [[-3.2], "-3.2 ms"],
]);

table("bit rates", bitRate, [
  [[0], unknown],
  [[-1], unknown],
  [[Number.POSITIVE_INFINITY], unknown],
  [[900], "900 bit/s"],
  [[820_000], "820 kbit/s"],
  [[999_600], "1.0 Mbit/s"],
  [[3_080_000], "3.1 Mbit/s"],
  [[120e6], "120 Mbit/s"],
]);

table("frame rates", frameRate, [
  [[0], unknown],
  [[25.02], "25 fps"],
  [[29.97], "30 fps"],
  [[7.5], "7.5 fps"],
  [[5.0], "5 fps"],
]);

table("resolutions", resolution, [
  [[1280, 720], "1280 × 720"],
  [[0, 0], unknown],
]);

table("counts", count, [
  [[0], "0"],
  [[999], "999"],
  [[1234567], "1\u202f234\u202f567"],
  [[Number.NaN], unknown],
]);

table("durations have two units at most", duration, [
  [[-5], "0 s"],
  [[900], "0 s"],
  [[8000], "8 s"],
  [[200_000], "3 min 20 s"],
  [[7_200_000], "2 h"],
  [[349_200_000], "4 d 1 h"],
  [[Number.NaN], unknown],
]);

table("codecs", codec, [
  [["h264", "Main"], "H.264 Main"],
  [["video/H264"], "H.264"],
  [["hevc"], "H.265"],
  [["theora"], "theora"],
  [[""], unknown],
]);

table("plurals", plural, [
  [[1, "stream"], "1 stream"],
  [[0, "stream"], "0 streams"],
  [[2, "entry", "entries"], "2 entries"],
]);
