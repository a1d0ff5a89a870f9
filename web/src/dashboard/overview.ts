// The grid as data: which tiles there are, which are shown, where the arrow
// keys lead, and what is read out when states change.

import { plural } from "./format.ts";
import type { StreamInfo } from "./messages.ts";

/** How large the tiles are. */
export type Density = "fit" | "medium" | "wall";

/** The densities in the order of their buttons. */
export const densities: readonly Density[] = ["fit", "medium", "wall"];

/** What the viewer wants to see. */
export interface Filter {
  readonly text: string;
  readonly problemsOnly: boolean;
}

/** The search field appears beyond this number of streams. */
export const searchBeyond = 8;

/** Whether a stream needs a person's attention. */
export function isProblem(stream: StreamInfo): boolean {
  return (
    stream.state === "failed" ||
    stream.state === "backoff" ||
    stream.state === "degraded" ||
    stream.state === "stalled" ||
    stream.conditions.some((c) => c.severity === "error")
  );
}

/** The streams in the order people expect: by name, numbers by value. */
export function sorted(streams: readonly StreamInfo[]): readonly StreamInfo[] {
  const order = new Intl.Collator("en", { numeric: true });
  return [...streams].sort((a, b) => order.compare(a.name, b.name));
}

/**
 * The streams that pass the filter. Each word typed must occur in the name,
 * the state, the source or the codec.
 */
export function filtered(streams: readonly StreamInfo[], filter: Filter): readonly StreamInfo[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return streams.filter((s) => {
    if (filter.problemsOnly && !isProblem(s)) return false;
    const hay = `${s.name} ${s.state} ${s.source} ${s.video?.codec ?? ""}`.toLowerCase();
    return words.every((w) => hay.includes(w));
  });
}

/** A size in CSS pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The grid's columns, and the greatest width of one. */
export interface Columns {
  readonly count: number;
  readonly width: number;
}

/**
 * The columns with which `tiles` tiles are as large as the room allows without
 * scrolling: pictures of 16:9 with `caption` pixels beneath, `gap` between
 * them. Where they would be narrower than `least`, as many columns as that
 * width allows, and the page scrolls.
 */
export function fitColumns(
  tiles: number,
  room: Size,
  gap: number,
  caption: number,
  least: number,
): Columns {
  const widthFor = (columns: number) => (room.width - gap * (columns - 1)) / columns;
  let best: Columns = { count: 0, width: 0 };
  for (let count = 1; count <= Math.max(1, tiles); count++) {
    const rows = Math.ceil(Math.max(1, tiles) / count);
    const height = (room.height - gap * (rows - 1)) / rows - caption;
    const width = Math.floor(Math.min(widthFor(count), (height * 16) / 9));
    if (width > best.width) best = { count, width };
  }
  if (best.width >= Math.min(least, room.width)) return best;
  const count = Math.max(1, Math.floor((room.width + gap) / (least + gap)));
  return { count, width: Math.floor(widthFor(count)) };
}

/** A key that moves between tiles. */
export type Move = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" | "Home" | "End";

/** Reads a key as a move. */
export function asMove(key: string): Move | null {
  switch (key) {
    case "ArrowLeft":
    case "ArrowRight":
    case "ArrowUp":
    case "ArrowDown":
    case "Home":
    case "End":
      return key;
    default:
      return null;
  }
}

/**
 * The tile that a key leads to from tile `index` of `count` in rows of
 * `columns`; from outside the grid (-1) every key leads to the first or last.
 */
export function neighbour(index: number, move: Move, columns: number, count: number): number {
  if (count === 0) return -1;
  const last = count - 1;
  if (index < 0) return move === "End" || move === "ArrowUp" ? last : 0;
  switch (move) {
    case "ArrowLeft":
      return Math.max(0, index - 1);
    case "ArrowRight":
      return Math.min(last, index + 1);
    case "ArrowUp":
      return index >= columns ? index - columns : index;
    case "ArrowDown":
      if (index + columns <= last) return index + columns;
      // Above a short last row, down still leads into it.
      return Math.floor(index / columns) < Math.floor(last / columns) ? last : index;
    case "Home":
      return 0;
    case "End":
      return last;
  }
}

/** How many streams there are of each kind, as the header tells it. */
export interface Totals {
  readonly streams: number;
  readonly live: number;
  readonly problems: number;
}

/** Counts the streams. */
export function totals(streams: readonly StreamInfo[]): Totals {
  return {
    streams: streams.length,
    live: streams.filter((s) => s.state === "live" || s.state === "degraded").length,
    problems: streams.filter(isProblem).length,
  };
}

/** A stream's change of state, as it is read out. */
export interface Change {
  readonly name: string;
  readonly label: string;
}

/**
 * One sentence for all changes of a few seconds, so that many cameras at once
 * do not talk for minutes. A stream that changed twice is told once.
 */
export function sentence(changes: readonly Change[]): string {
  const latest = new Map(changes.map((c) => [c.name, c.label]));
  if (latest.size === 0) return "";
  if (latest.size <= 3) {
    return [...latest].map(([name, label]) => `${name}: ${label.toLowerCase()}`).join(", ");
  }
  const byLabel = new Map<string, number>();
  for (const label of latest.values()) byLabel.set(label, (byLabel.get(label) ?? 0) + 1);
  const parts = [...byLabel].map(([label, n]) => `${n} ${label.toLowerCase()}`);
  return `${plural(latest.size, "stream")} changed: ${parts.join(", ")}`;
}
