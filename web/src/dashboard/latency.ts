// The delay's stages in the order a picture passes them.

import type { Latency } from "../core/snapshot.ts";

/** A stage's name in the snapshot. */
export type Stage = Exclude<keyof Latency, "total">;

/** The stages with the names people read. */
export const stages: readonly { readonly id: Stage; readonly name: string }[] = [
  { id: "camera", name: "Camera to relay" },
  { id: "network", name: "Network" },
  { id: "jitterBuffer", name: "Jitter buffer" },
  { id: "decode", name: "Decode" },
  { id: "gpu", name: "GPU" },
];

/**
 * Each known stage's part of the bar, in proportion to its time. A stage that
 * is not known, or below zero because two clocks disagree, has none.
 */
export function widths(latency: Latency | null): ReadonlyMap<Stage, number> {
  const parts = new Map<Stage, number>();
  for (const { id } of stages) {
    const ms = latency?.[id] ?? null;
    if (ms !== null && Number.isFinite(ms) && ms > 0) parts.set(id, ms);
  }
  return parts;
}
