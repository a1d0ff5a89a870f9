// What a player asks the relay besides media: the state of its stream.

import { conditionOfResponse, parseConditions, relayUnreachable } from "./conditions.ts";
import type { Condition } from "./snapshot.ts";

/** A stream as the relay describes it, as far as a player needs it. */
export interface StreamState {
  /** idle, connecting, live, degraded, stalled, backoff, failed, ended; empty when unknown. */
  readonly state: string;
  readonly conditions: readonly Condition[];
  /** Milliseconds from the camera's capture to the relay, null when unknown. */
  readonly cameraDelay: number | null;
}

/** Delays beyond this are a camera whose clock is wrong, not a delay. */
const plausibleDelayMs = 60_000;

/** Asks for a stream's state; what goes wrong is a condition in the answer. */
export async function fetchStreamState(
  base: string,
  stream: string,
  signal: AbortSignal,
): Promise<StreamState> {
  let response: Response;
  try {
    response = await fetch(`${base}/api/v1/streams/${encodeURIComponent(stream)}`, { signal });
  } catch (error) {
    return { state: "", conditions: [relayUnreachable(base, error)], cameraDelay: null };
  }
  if (!response.ok) {
    return { state: "", conditions: [await conditionOfResponse(response)], cameraDelay: null };
  }
  try {
    return parseStreamState(await response.json());
  } catch {
    return { state: "", conditions: [], cameraDelay: null };
  }
}

/** Reads the relay's JSON of a stream; what is missing or of another type is left out. */
export function parseStreamState(data: unknown): StreamState {
  const fields = (typeof data === "object" && data !== null ? data : {}) as Record<string, unknown>;
  return {
    state: typeof fields.state === "string" ? fields.state : "",
    conditions: parseConditions(fields.conditions),
    cameraDelay: cameraDelay(fields.latest),
  };
}

function cameraDelay(latest: unknown): number | null {
  if (typeof latest !== "object" || latest === null) return null;
  const { received, captured } = latest as Record<string, unknown>;
  if (typeof received !== "string" || typeof captured !== "string") return null;
  const delay = Date.parse(received) - Date.parse(captured);
  return delay >= 0 && delay < plausibleDelayMs ? delay : null;
}
