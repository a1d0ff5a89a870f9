// Where a picture's delay comes from.

import type { Latency } from "./snapshot.ts";
import type { ReceiveStats } from "./stats.ts";

/** The delay by stage, in milliseconds; what is not known is null, as is the sum of nothing. */
export function latencyOf(
  camera: number | null,
  stats: ReceiveStats | null,
  gpu: number | null,
): Latency {
  const stages = {
    camera,
    network: stats?.roundTrip == null ? null : stats.roundTrip / 2,
    jitterBuffer: stats?.jitterBuffer ?? null,
    decode: stats?.decode ?? null,
    gpu,
  };
  const known = Object.values(stages).filter((v) => v !== null);
  return { ...stages, total: known.length === 0 ? null : known.reduce((sum, v) => sum + v, 0) };
}
