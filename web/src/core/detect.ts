// Whether this browser's own detectors (motion, light and tamper) run.

/** auto: on a GPU, not on a program that stands in for one. */
export type DetectWish = "auto" | "on" | "off";

/** Adapters that are programs: they have no time for more than the picture. */
const software = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

/** Whether detectors run on an adapter, by its description. */
export function detects(wish: DetectWish, adapter: string): boolean {
  return wish === "on" || (wish === "auto" && !software.test(adapter));
}
