// The annotations that the relay sends: the messages of vision/annot, whose
// samples both sides are tested with, and those of the connection itself. What
// arrives is checked before anything uses it.

/** x, y, width, height; 0..1 of the upright picture. */
export type Rect = readonly [number, number, number, number];

/** Who found something. */
export type Origin = "relay" | "client";

/** One thing found in a picture. */
export interface FoundObject {
  /** The same for the same thing over pictures; absent for what is not tracked. */
  readonly id?: number;
  readonly label: string;
  /** Confidence, 0..1. */
  readonly score: number;
  readonly box: Rect;
  /** Change of the box in a second, for predictions. */
  readonly velocity?: Rect;
}

/** Names one picture of a stream. */
interface PictureKey {
  readonly stream: string;
  readonly epoch: number;
  readonly rtp: number;
}

/** A message of vision/annot. */
export type Annotation =
  | ({ readonly type: "analysing" } & PictureKey)
  | ({
      readonly type: "detections";
      readonly ts: string;
      readonly origin: Origin;
      readonly model: string;
      readonly objects: readonly FoundObject[];
    } & PictureKey)
  | ({
      readonly type: "event";
      readonly ts: string;
      readonly event: string;
      readonly state: "began" | "ended" | "occurred";
      readonly id: string;
      readonly origin?: Origin;
      readonly objects?: readonly number[];
      readonly label?: string;
      readonly zone?: string;
      readonly box?: Rect;
    } & PictureKey)
  | {
      readonly type: "drop";
      readonly stream: string;
      readonly ts: string;
      readonly place: "upstream" | "kernel" | "relay" | "viewer";
      readonly reason: string;
      readonly packets: number;
    }
  | {
      readonly type: "stall";
      readonly stream: string;
      readonly ts: string;
      readonly risk: number;
      readonly lead_s: number;
      readonly reason: string;
      readonly advice: string;
    };

/** What the connection says of itself. */
export type Control =
  | {
      readonly type: "welcome";
      readonly heartbeat_s: number;
      readonly streams: readonly {
        readonly stream: string;
        readonly epoch: number;
        readonly seq: number;
        readonly resumed: "all" | "part" | "none";
      }[];
    }
  | { readonly type: "heartbeat" }
  /** So many messages were dropped because this client was too slow. */
  | {
      readonly type: "lost";
      readonly stream: string;
      readonly detections: number;
      readonly events: number;
    }
  | {
      readonly type: "error";
      readonly code: string;
      readonly stream?: string;
      readonly text: string;
    };

/** A message as it came: annotations with their number in the stream. */
export type RelayMessage =
  | { readonly kind: "annotation"; readonly seq: number | null; readonly annotation: Annotation }
  | { readonly kind: "control"; readonly control: Control };

type Check = (value: unknown) => boolean;

const isText: Check = (v) => typeof v === "string" && v.length <= 1024;
const isName: Check = (v) => isText(v) && v !== "";
const isCount: Check = (v) => Number.isSafeInteger(v) && (v as number) >= 0;
const isUint32: Check = (v) => isCount(v) && (v as number) <= 0xffff_ffff;
const isTime: Check = (v) => typeof v === "string" && !Number.isNaN(Date.parse(v));
const between =
  (low: number, high: number): Check =>
  (v) =>
    typeof v === "number" && v >= low && v <= high;
const oneOf =
  (...values: string[]): Check =>
  (v) =>
    typeof v === "string" && values.includes(v);
const listOf =
  (check: Check): Check =>
  (v) =>
    Array.isArray(v) && v.length <= 4096 && v.every(check);
const four =
  (check: Check): Check =>
  (v) =>
    Array.isArray(v) && v.length === 4 && v.every(check);

/** Boxes may be rounded at the picture's borders. */
const slack = 1e-5;
const isBox: Check = (v) => {
  if (!four(between(-slack, 1 + slack))(v)) return false;
  const [x, y, width, height] = v as Rect;
  return width >= 0 && height >= 0 && x + width <= 1 + slack && y + height <= 1 + slack;
};
const isVelocity = four(between(-1e6, 1e6));

interface Shape {
  readonly required: Readonly<Record<string, Check>>;
  readonly optional?: Readonly<Record<string, Check>>;
}

/** Names the first field that does not fit; null when all do. */
function misfit(value: unknown, { required, optional = {} }: Shape): string | null {
  if (typeof value !== "object" || value === null) return "is no object";
  const fields = value as Record<string, unknown>;
  for (const [key, check] of Object.entries(required)) {
    if (!check(fields[key])) return `field ${key}`;
  }
  for (const [key, check] of Object.entries(optional)) {
    if (fields[key] !== undefined && !check(fields[key])) return `field ${key}`;
  }
  return null;
}

const picture = { stream: isName, epoch: isUint32, rtp: isUint32 };
const isOrigin = oneOf("relay", "client");
const isObject: Check = (v) =>
  misfit(v, {
    required: { label: isText, score: between(0, 1), box: isBox },
    optional: { id: isCount, velocity: isVelocity },
  }) === null;
const isSubscribed: Check = (v) =>
  misfit(v, {
    required: {
      stream: isName,
      epoch: isUint32,
      seq: isCount,
      resumed: oneOf("all", "part", "none"),
    },
  }) === null;

const annotations: { readonly [T in Annotation["type"]]: Shape } = {
  analysing: { required: picture },
  detections: {
    required: {
      ...picture,
      ts: isTime,
      origin: isOrigin,
      model: isText,
      objects: listOf(isObject),
    },
  },
  event: {
    required: {
      ...picture,
      ts: isTime,
      event: isText,
      state: oneOf("began", "ended", "occurred"),
      id: isText,
    },
    optional: {
      origin: isOrigin,
      objects: listOf(isCount),
      label: isText,
      zone: isText,
      box: isBox,
    },
  },
  drop: {
    required: {
      stream: isName,
      ts: isTime,
      place: oneOf("upstream", "kernel", "relay", "viewer"),
      reason: isText,
      packets: isCount,
    },
  },
  stall: {
    required: {
      stream: isName,
      ts: isTime,
      risk: between(0, 1),
      lead_s: between(0, 1e6),
      reason: isText,
      advice: isText,
    },
  },
};

const controls: { readonly [T in Control["type"]]: Shape } = {
  welcome: { required: { heartbeat_s: between(0.1, 3600), streams: listOf(isSubscribed) } },
  heartbeat: { required: {} },
  lost: { required: { stream: isText, detections: isCount, events: isCount } },
  error: { required: { code: isText, text: isText }, optional: { stream: isText } },
};

/**
 * Checks one message. Throws an Error that names the field at fault; returns null for a version or type
 * that a newer relay may send.
 */
export function parseRelayMessage(text: string): RelayMessage | null {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error("annotation: is no object");
  const fields = value as Record<string, unknown>;
  const type = fields.type;
  if (fields.v !== 1 || typeof type !== "string") return null;
  const known = Object.hasOwn(annotations, type);
  if (!known && !Object.hasOwn(controls, type)) return null;
  const shape = known ? annotations[type as Annotation["type"]] : controls[type as Control["type"]];
  const fault = misfit(value, shape);
  if (fault !== null) throw new Error(`annotation ${type}: ${fault}`);
  if (!known) return { kind: "control", control: value as Control };
  const seq = isCount(fields.seq) ? (fields.seq as number) : null;
  return { kind: "annotation", seq, annotation: value as Annotation };
}
