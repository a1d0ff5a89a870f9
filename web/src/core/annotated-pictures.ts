// What to draw over the pictures of one stream where the worker does not draw:
// the boxes found on a picture by its RTP timestamp, or, between analysed
// pictures, where they are predicted to be. Without the timestamp of the
// picture shown, the newest boxes, marked as approximate. The worker has the
// same as package annotations.

import {
  type Annotation,
  type FoundObject,
  type Origin,
  parseRelayMessage,
} from "./annotations.ts";
import type { AnnotationCounts, OverlayBox } from "./messages.ts";

/** Milliseconds after its picture for which a box may be shown on others, as in vision/annot. */
export const maxPrediction = 500;
/** RTP ticks in a millisecond. */
const ticks = 90;
/** Pictures kept. */
const maxPictures = 256;

/** The colours of boxes by who found them, bytes R, G, B, A from the lowest, as in the worker. */
const colors: Readonly<Record<Origin, number>> = { relay: 0xff20b0ff, client: 0xfff2d32e };

type Detections = Extract<Annotation, { type: "detections" }>;

/** What is known of one picture. */
interface Picture {
  announced: boolean;
  /** By source. */
  readonly found: Map<string, Detections>;
}

const empty: AnnotationCounts = {
  announced: 0,
  arrived: 0,
  late: 0,
  shown: 0,
  predicted: 0,
  missed: 0,
  held: 0,
  heldMs: 0,
  sources: [],
};

/** The annotations of one stream. */
export class AnnotatedPictures {
  #epoch: number | null = null;
  /** By RTP timestamp, in the order in which they were heard of. */
  readonly #pictures = new Map<number, Picture>();
  /** The newest detections of each source, and when they came. */
  readonly #newest = new Map<string, { detections: Detections; at: number }>();
  #shown: number | null = null;
  #counts = empty;

  /** What became of the annotations. */
  get counts(): AnnotationCounts {
    return { ...this.#counts, sources: [...this.#newest.keys()] };
  }

  /** Takes a message of the relay, as it came at a time in milliseconds. */
  take(text: string, now: number): void {
    const message = parseRelayMessage(text);
    if (message?.kind !== "annotation") return;
    const { annotation } = message;
    if (annotation.type !== "analysing" && annotation.type !== "detections") return;
    if (annotation.epoch !== this.#epoch) {
      this.#epoch = annotation.epoch;
      this.#pictures.clear();
      this.#newest.clear();
      this.#shown = null;
    }
    const picture = this.#picture(annotation.rtp);
    if (annotation.type === "analysing") {
      if (picture.found.size > 0 || picture.announced) return;
      picture.announced = true;
      this.#count("announced");
      return;
    }
    const late = this.#shown !== null && after(annotation.rtp, this.#shown) <= 0;
    this.#count(late ? "late" : "arrived");
    const source = `${annotation.origin} ${annotation.model}`;
    if (annotation.origin === "relay") picture.announced = false;
    picture.found.set(source, annotation);
    const newest = this.#newest.get(source)?.detections;
    if (newest === undefined || after(annotation.rtp, newest.rtp) >= 0) {
      this.#newest.set(source, { detections: annotation, at: now });
    }
  }

  /** What to draw on the picture that is shown now; rtp null where its timestamp is not known. */
  draw(rtp: number | null, now: number): OverlayBox[] {
    if (rtp === null) return this.#approximate(now);
    this.#shown = rtp;
    const picture = this.#pictures.get(rtp);
    const boxes: OverlayBox[] = [];
    let exact = false;
    for (const [source, { detections }] of this.#newest) {
      const own = picture?.found.get(source);
      if (own !== undefined) {
        exact = true;
        boxes.push(...own.objects.map((o) => boxOf(o, o.box, own.origin, false)));
        continue;
      }
      const before = after(rtp, detections.rtp) >= 0 ? detections : this.#before(source, rtp);
      if (before === undefined) continue;
      const ms = after(rtp, before.rtp) / ticks;
      for (const o of before.objects) {
        const moved = predict(o, ms);
        if (moved !== null) boxes.push(boxOf(o, moved, before.origin, true));
      }
    }
    if (exact) this.#count("shown");
    else if (picture?.announced) this.#count("missed");
    else if (boxes.length > 0) this.#count("predicted");
    return boxes;
  }

  /** The newest boxes, which may belong to a picture a little before or after. */
  #approximate(now: number): OverlayBox[] {
    const boxes: OverlayBox[] = [];
    for (const { detections, at } of this.#newest.values()) {
      if (now - at > maxPrediction) continue;
      for (const o of detections.objects) {
        const box = boxOf(o, o.box, detections.origin, true);
        boxes.push({ ...box, label: `≈ ${box.label}` });
      }
    }
    if (boxes.length > 0) this.#count("predicted");
    return boxes;
  }

  #picture(rtp: number): Picture {
    let picture = this.#pictures.get(rtp);
    if (picture === undefined) {
      picture = { announced: false, found: new Map() };
      this.#pictures.set(rtp, picture);
      for (const oldest of this.#pictures.keys()) {
        if (this.#pictures.size <= maxPictures) break;
        this.#pictures.delete(oldest);
      }
    }
    return picture;
  }

  /** A source's newest detections at or before a picture: results may be ahead of what is shown. */
  #before(source: string, rtp: number): Detections | undefined {
    let best: Detections | undefined;
    for (const { found } of this.#pictures.values()) {
      const d = found.get(source);
      if (d === undefined || after(rtp, d.rtp) < 0) continue;
      if (best === undefined || after(d.rtp, best.rtp) > 0) best = d;
    }
    return best;
  }

  #count(what: Exclude<keyof AnnotationCounts, "sources">): void {
    this.#counts = { ...this.#counts, [what]: this.#counts[what] + 1 };
  }
}

/** How many ticks one RTP timestamp is after another; they wrap at 2^32. */
const after = (a: number, b: number): number => (a - b) | 0;

/** Where an object should be some milliseconds after its picture; null where that is not known. */
function predict(o: FoundObject, ms: number): FoundObject["box"] | null {
  if (o.velocity === undefined || ms < 0 || ms > maxPrediction) return null;
  const { box, velocity } = o;
  const moved = (i: 0 | 1 | 2 | 3) => box[i] + (ms / 1000) * velocity[i];
  const [left, top] = [Math.max(moved(0), 0), Math.max(moved(1), 0)];
  const right = Math.min(moved(0) + moved(2), 1);
  const bottom = Math.min(moved(1) + moved(3), 1);
  return right > left && bottom > top ? [left, top, right - left, bottom - top] : null;
}

const boxOf = (
  o: FoundObject,
  [x, y, width, height]: FoundObject["box"],
  origin: Origin,
  predicted: boolean,
): OverlayBox => ({ x, y, width, height, label: o.label, color: colors[origin], predicted });
