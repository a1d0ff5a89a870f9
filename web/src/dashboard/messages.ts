// The relay's API messages as the pages know them, each checked on arrival.

import type { Condition } from "../core/snapshot.ts";
import {
  boolean,
  CheckError,
  type Fields,
  list,
  number,
  object,
  optional,
  optionalString,
  optionalTime,
  string,
  word,
} from "./check.ts";

/** Where a stream is in its life; hub.State on the relay. */
export type StreamState =
  | "idle"
  | "connecting"
  | "live"
  | "degraded"
  | "stalled"
  | "backoff"
  | "failed"
  | "ended";

const states: readonly StreamState[] = [
  "idle",
  "connecting",
  "live",
  "degraded",
  "stalled",
  "backoff",
  "failed",
  "ended",
];

/** The video track as the relay measures it. */
export interface VideoInfo {
  readonly codec: string;
  readonly profile: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly gopSeconds: number;
  readonly bitsPerSecond: number;
  readonly transport: string;
}

/** What the relay says of one stream; hub.Info there. */
export interface StreamInfo {
  readonly name: string;
  readonly state: StreamState;
  /** When the state began, in milliseconds since 1970. */
  readonly since: number | null;
  /** When a failed source is tried again. */
  readonly retryAt: number | null;
  /** The source's address, redacted by the relay. */
  readonly source: string;
  readonly onDemand: boolean;
  readonly viewers: number;
  readonly restarts: number;
  readonly video: VideoInfo | null;
  /** Packets and frames from the source that did not arrive whole. */
  readonly lost: number;
  /** Where packets were lost, such as "12 lost: 9 kernel SOCKET_RCVBUFF, 3 upstream"; empty without loss. */
  readonly lossSummary: string;
  readonly framesDropped: number;
  readonly conditions: readonly Condition[];
}

/** What the relay says of itself. */
export interface RelayInfo {
  readonly version: string;
  readonly webrtcPort: number;
  readonly tlsMode: "off" | "auto" | "file";
  /** Path of the CA certificate, empty where there is none. */
  readonly ca: string;
  /** Addresses at which these pages can be reached. */
  readonly urls: readonly string[];
  /** Path of the list of devices that register with the relay, empty where none can. */
  readonly devices: string;
  readonly conditions: readonly Condition[];
}

const namePattern = /^[A-Za-z0-9._-]{1,64}$/;

/** Whether a text can be a stream's name. */
export function isStreamName(text: string): boolean {
  return namePattern.test(text) && text !== "." && text !== "..";
}

/** What to say of an address whose stream cannot exist. */
export function unknownName(text: string): Condition {
  return {
    code: "stream-unknown",
    severity: "error",
    title: "No such stream",
    text: `${JSON.stringify(text)} is not a stream's name: names have 1 to 64 letters, digits, dots, dashes and underscores.`,
    fix: "Choose a stream on the page of all streams.",
  };
}

/** Reads one condition. */
export function parseCondition(value: unknown, path = ""): Condition {
  const f = object(value, path);
  const since = optionalString(f, "since");
  return {
    code: string(f, "code"),
    severity: word(f, "severity", ["error", "warning", "info"]),
    title: string(f, "title"),
    text: optionalString(f, "text"),
    fix: optionalString(f, "fix"),
    ...(since === "" ? {} : { since }),
  };
}

/**
 * Reads a list of conditions and leaves out those that only follow from
 * another one in it: one cause gives one message.
 */
function conditions(from: Fields): readonly Condition[] {
  const all = list(from, "conditions", (value, path) => ({
    condition: parseCondition(value, path),
    dependsOn: optionalString(object(value, path), "depends_on"),
  }));
  const codes = new Set(all.map((c) => c.condition.code));
  return all.filter((c) => !codes.has(c.dependsOn)).map((c) => c.condition);
}

function parseVideo(value: unknown, path: string): VideoInfo {
  const f = object(value, path);
  return {
    codec: string(f, "codec"),
    profile: optionalString(f, "profile"),
    width: number(f, "width"),
    height: number(f, "height"),
    fps: number(f, "fps"),
    gopSeconds: number(f, "gop_s"),
    bitsPerSecond: number(f, "bits_per_s"),
    transport: optionalString(f, "transport"),
  };
}

/** Reads the answer of GET /api/v1/streams/{name}. */
export function parseStream(value: unknown, path = ""): StreamInfo {
  const f = object(value, path);
  const name = string(f, "name");
  if (!isStreamName(name)) {
    throw new CheckError(
      path === "" ? "name" : `${path}.name`,
      `it must match ${namePattern.source}`,
      name,
    );
  }
  const received = optional(f, "received", (v, p) => {
    const r = object(v, p);
    return { lost: number(r, "lost"), dropped: number(r, "frames_dropped") };
  });
  const loss = optional(f, "loss", (v, p) => {
    const l = object(v, p);
    return {
      lost: number(l, "lost"),
      late: number(l, "tcp_out_of_order"),
      summary: optionalString(l, "summary"),
    };
  });
  return {
    name,
    state: word(f, "state", states),
    since: optionalTime(f, "since"),
    retryAt: optionalTime(f, "retry_at"),
    source: optionalString(f, "source"),
    onDemand: boolean(f, "on_demand"),
    viewers: number(f, "viewers"),
    restarts: number(f, "restarts"),
    video: optional(f, "video", parseVideo),
    lost: loss?.lost ?? received?.lost ?? 0,
    lossSummary: loss !== null && loss.lost + loss.late > 0 ? loss.summary : "",
    framesDropped: received?.dropped ?? 0,
    conditions: conditions(f),
  };
}

/** Reads the answer of GET /api/v1/streams. */
export function parseStreams(value: unknown): readonly StreamInfo[] {
  return list(object(value), "streams", parseStream);
}

/** Reads the answer of GET /api/v1/relay. */
export function parseRelay(value: unknown): RelayInfo {
  const f = object(value);
  const tls = optional(f, "tls", (v, p) => {
    const t = object(v, p);
    return { mode: word(t, "mode", ["off", "auto", "file"]), ca: optionalString(t, "ca") };
  });
  return {
    version: string(f, "version"),
    webrtcPort: number(f, "webrtc_port"),
    tlsMode: tls?.mode ?? "off",
    ca: tls?.ca ?? "",
    urls: list(f, "urls", (v, p) => {
      if (typeof v !== "string") throw new CheckError(p, "it must be a string", v);
      return v;
    }),
    devices: optionalString(f, "devices"),
    conditions: conditions(f),
  };
}

/** Reads a problem+json answer (RFC 9457) as a condition. */
export function parseProblem(value: unknown): Condition {
  const f = object(value);
  return {
    code: optionalString(f, "code") || "internal",
    severity: "error",
    title: string(f, "title"),
    text: optionalString(f, "detail"),
    fix: optionalString(f, "fix"),
  };
}
