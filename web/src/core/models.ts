// Which detectors the relay has for viewers that run them themselves, and what a stream asks for.

import { conditionOfResponse, relayUnreachable } from "./conditions.ts";
import type { Condition } from "./snapshot.ts";

/** A detector that the relay can give. */
export interface Model {
  readonly name: string;
  readonly about: string;
  /** Size of the file in bytes. */
  readonly bytes: number;
  /** Path of the file; it names the content, so the browser keeps it. Empty where the relay lacks it. */
  readonly file: string;
  /** The model card as JSON text, for package vision/card. */
  readonly card: string;
  /** The labels that the card knows, and the least score that it gives a box. */
  readonly classes: readonly string[];
  readonly threshold: number;
}

/** What is to be detected in a stream, and where. */
export interface Analysis {
  readonly where: "auto" | "relay" | "client";
  /** A model's name; empty where it cannot be used. */
  readonly model: string;
  readonly fps: number;
  /** The labels that count; none for all. */
  readonly classes: readonly string[];
  /** The least score of a box that is shown; null for the model's own. */
  readonly threshold: number | null;
}

/** What was asked for, or why it is not there. */
export type Answer<T> = { readonly value: T } | { readonly fault: Condition };

/** A file larger than this is no model for a browser. */
const maxModelBytes = 256 << 20;

/** Asks for the list of models. */
export async function fetchModels(base: string, signal: AbortSignal): Promise<Answer<Model[]>> {
  const answer = await ask(base, "/api/v1/models", signal);
  if ("fault" in answer) return answer;
  try {
    return { value: parseModels(await answer.value.json()) };
  } catch (error) {
    return { fault: relayUnreachable(base, error) };
  }
}

/** Fetches a model's file; the browser's cache answers from the second time on. */
export async function fetchModelFile(
  base: string,
  model: Model,
  signal: AbortSignal,
): Promise<Answer<ArrayBuffer>> {
  const answer = await ask(base, model.file, signal);
  if ("fault" in answer) return answer;
  try {
    const value = await answer.value.arrayBuffer();
    if (value.byteLength === model.bytes) return { value };
    const text = `The model ${model.name} came with ${value.byteLength} bytes, not ${model.bytes}.`;
    return { fault: relayUnreachable(base, new Error(text)) };
  } catch (error) {
    return { fault: relayUnreachable(base, error) };
  }
}

async function ask(base: string, path: string, signal: AbortSignal): Promise<Answer<Response>> {
  try {
    const response = await fetch(`${base}${path}`, { signal });
    return response.ok ? { value: response } : { fault: await conditionOfResponse(response) };
  } catch (error) {
    return { fault: relayUnreachable(base, error) };
  }
}

/** Reads the relay's list; models that make no sense are left out. */
export function parseModels(data: unknown): Model[] {
  const list = fieldsOf(data).models;
  if (!Array.isArray(list)) return [];
  return list.map(parseModel).filter((model) => model !== null);
}

function parseModel(data: unknown): Model | null {
  const { name, about, bytes, here, file, card } = fieldsOf(data);
  const { classes, thresholds } = fieldsOf(card);
  const { score } = fieldsOf(thresholds);
  if (typeof name !== "string" || name === "" || typeof score !== "number") return null;
  if (typeof bytes !== "number" || !(bytes > 0)) return null;
  const wanted = here === true && typeof file === "string" && bytes <= maxModelBytes;
  // A path of the relay's own, never of another host.
  const path = wanted && /^\/(?!\/)/.test(file) ? file : "";
  return {
    name,
    about: typeof about === "string" ? about : "",
    bytes,
    file: path,
    card: JSON.stringify(card),
    classes: texts(classes),
    threshold: score,
  };
}

/** Reads what a stream of the relay asks for; null where nothing is to be detected. */
export function parseAnalysis(stream: unknown): Analysis | null {
  const { where, model, fps, classes, threshold } = fieldsOf(fieldsOf(stream).analysis);
  if (where !== "auto" && where !== "relay" && where !== "client") return null;
  return {
    where,
    model: typeof model === "string" ? model : "",
    fps: typeof fps === "number" && fps > 0 ? fps : 5,
    classes: texts(classes),
    threshold: typeof threshold === "number" && threshold > 0 && threshold <= 1 ? threshold : null,
  };
}

function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}

function fieldsOf(data: unknown): Record<string, unknown> {
  return (typeof data === "object" && data !== null ? data : {}) as Record<string, unknown>;
}
