// What the relay tells of events and of its detectors, each checked on arrival.

import { list, number, object, optionalString, optionalTime, string, word } from "./check.ts";

/** Something that began in a stream, and perhaps ended; api.Event on the relay. */
export interface EventInfo {
  readonly id: string;
  readonly stream: string;
  readonly kind: string;
  readonly label: string;
  readonly origin: "relay" | "client" | "both";
  readonly state: "began" | "ended" | "occurred" | "interrupted";
  /** Milliseconds since 1970. */
  readonly began: number | null;
  readonly ended: number | null;
  /** Path of the picture, empty where there is none. */
  readonly snapshot: string;
}

/** A page of events, newest first; `next` is empty on the last. */
export interface EventPage {
  readonly events: readonly EventInfo[];
  readonly next: string;
}

/** Checks a page of events; throws a CheckError that names the field at fault. */
export function parseEvents(value: unknown): EventPage {
  const page = object(value);
  return {
    events: list(page, "events", (item, path) => {
      const e = object(item, path);
      const snapshot = optionalString(e, "snapshot");
      return {
        id: string(e, "id"),
        stream: string(e, "stream"),
        kind: string(e, "kind"),
        label: optionalString(e, "label"),
        origin: word(e, "origin", ["relay", "client", "both"] as const),
        state: word(e, "state", ["began", "ended", "occurred", "interrupted"] as const),
        began: optionalTime(e, "began"),
        ended: optionalTime(e, "ended"),
        // Only pictures of the relay's own are shown.
        snapshot: snapshot.startsWith("/api/v1/events/") ? snapshot : "",
      };
    }),
    next: optionalString(page, "next"),
  };
}

/** One detector of the relay at work on one stream. */
export interface DetectorInfo {
  readonly stream: string;
  readonly model: string;
  /** Pictures a second: asked for, and in the last 10 s. */
  readonly fps: number;
  readonly rate: number;
  /** Milliseconds from a picture's receipt to its result. */
  readonly latency50: number;
  readonly latency95: number;
}

/** What detection on the relay does. */
export interface DetectionInfo {
  /** What computes the models; empty while nothing does. */
  readonly provider: string;
  readonly detectors: readonly DetectorInfo[];
}

/** Checks the list of detectors. */
export function parseDetectors(value: unknown): DetectionInfo {
  const all = object(value);
  return {
    provider: optionalString(all, "provider"),
    detectors: list(all, "detectors", (item, path) => {
      const d = object(item, path);
      return {
        stream: string(d, "stream"),
        model: string(d, "model"),
        fps: number(d, "fps"),
        rate: number(d, "rate"),
        latency50: 1000 * number(d, "latency_p50_s"),
        latency95: 1000 * number(d, "latency_p95_s"),
      };
    }),
  };
}

/** The kinds of vision/annot in words; those of objects have words of their own. */
export const eventNames: Readonly<Record<string, string>> = {
  motion: "Motion",
  "light-on": "Light on",
  "light-off": "Light off",
  "exposure-step": "Exposure changed",
  glare: "Glare",
  flicker: "Light flickers",
  "lens-covered": "Lens covered",
  defocused: "Out of focus",
  "camera-moved": "Camera moved",
  "scene-changed": "Scene changed",
};

/** An event in words: "person entered", "Motion", "Lens covered". */
export function eventTitle(e: EventInfo): string {
  if (e.kind === "object")
    return `${e.label || "Object"} ${e.state === "ended" ? "left" : "entered"}`;
  const name = eventNames[e.kind];
  if (name !== undefined) return name;
  const words = e.kind.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Who saw an event, in words. */
export const originNames: Readonly<Record<EventInfo["origin"], string>> = {
  relay: "seen by the relay",
  client: "seen by a viewer",
  both: "seen by relay and viewer",
};
