// What a person is told of a stream: one word, one colour, and at most one
// reason, made from what the relay says of the stream and what the player
// says of its own picture.

import type { Condition, PlayerSnapshot } from "../core/snapshot.ts";
import type { StreamInfo } from "./messages.ts";

/** The colours a state can have. */
export type Tone = "good" | "busy" | "warn" | "bad" | "quiet";

/** A stream's state in a word. */
export interface Badge {
  readonly tone: Tone;
  readonly label: string;
}

/** What is shown where the picture would be. */
export interface Status {
  readonly badge: Badge;
  /** A picture is on the screen, moving or not. */
  readonly picture: boolean;
  /** The picture on the screen no longer moves. */
  readonly frozen: boolean;
  /** What to tell, worst first. */
  readonly conditions: readonly Condition[];
  /** A sentence for when there is no picture and no condition. */
  readonly hint: string;
}

const rank = { error: 0, warning: 1, info: 2 } as const;

/**
 * Joins lists of conditions: each code once, worst first. Where two lists have
 * the same code the earlier list wins.
 */
export function mergeConditions(...lists: readonly (readonly Condition[])[]): readonly Condition[] {
  const byCode = new Map<string, Condition>();
  for (const condition of lists.flat()) {
    if (!byCode.has(condition.code)) byCode.set(condition.code, condition);
  }
  return [...byCode.values()].sort((a, b) => rank[a.severity] - rank[b.severity]);
}

function relayBadge(stream: StreamInfo): Badge {
  switch (stream.state) {
    case "idle":
      return { tone: "quiet", label: "Idle" };
    case "connecting":
      return { tone: "busy", label: "Connecting" };
    case "live":
      return { tone: "good", label: "Live" };
    case "degraded":
      return { tone: "warn", label: "Degraded" };
    case "stalled":
      return { tone: "warn", label: "Stalled" };
    case "backoff":
      return { tone: "bad", label: "Retrying" };
    case "failed":
      return { tone: "bad", label: "Failed" };
    case "ended":
      return { tone: "quiet", label: "Ended" };
  }
}

/** The badge for what the relay and the player say together. */
function badge(stream: StreamInfo | null, player: PlayerSnapshot | null): Badge {
  const relay = stream === null ? null : relayBadge(stream);
  // A fault at the camera explains whatever the player sees.
  if (relay !== null && (relay.tone === "bad" || relay.tone === "warn")) return relay;
  switch (player?.phase) {
    case "playing":
      return { tone: "good", label: "Live" };
    case "stalled":
      return { tone: "warn", label: "Stalled" };
    case "failed":
      return { tone: "bad", label: "No connection" };
    case "stopped":
      return relay ?? { tone: "quiet", label: "Stopped" };
    case "connecting":
    case "waiting":
      // The source may have ended, or be idle until this viewer arrives.
      return stream?.state === "ended" && relay !== null
        ? relay
        : { tone: "busy", label: "Connecting" };
    case undefined:
      return relay ?? { tone: "busy", label: "Connecting" };
  }
}

/** The page itself asks the relay too, and tells its silence once for all players. */
const toldByPage = "relay-unreachable";

function unreachable(player: PlayerSnapshot): boolean {
  return player.conditions.some((c) => c.code === toldByPage);
}

function hint(stream: StreamInfo | null, player: PlayerSnapshot | null): string {
  if (player === null) {
    return stream?.state === "idle" ? "Starts when someone watches." : "";
  }
  switch (player.phase) {
    case "connecting":
      return unreachable(player) ? "Waiting for the relay…" : "Connecting to the relay…";
    case "waiting":
      return stream?.state === "live" || stream?.state === "degraded"
        ? "Waiting for the picture…"
        : "Waiting for the camera…";
    case "stopped":
      return "Stopped.";
    default:
      return "";
  }
}

/** What to show for a stream; either side may be unknown yet. */
export function status(stream: StreamInfo | null, player: PlayerSnapshot | null): Status {
  const shown = badge(stream, player);
  const phase = player?.phase;
  const hasFrames = (player?.frames ?? 0) > 0;
  const picture =
    phase === "playing" || (hasFrames && (phase === "stalled" || phase === "waiting"));
  return {
    badge: shown,
    picture,
    frozen: picture && phase !== "playing",
    // The relay is nearer to the cause, so its wording comes first.
    conditions: mergeConditions(
      stream?.conditions ?? [],
      player?.conditions.filter((c) => c.code !== toldByPage) ?? [],
    ),
    hint: hint(stream, player),
  };
}
