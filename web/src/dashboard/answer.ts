// One question to the relay's API, and every way it can end.

import type { Condition } from "../core/snapshot.ts";
import { CheckError } from "./check.ts";
import { parseProblem } from "./messages.ts";

/** How a question ended. */
export type Answer<T> =
  /** The relay answered, and the answer passed its checks. */
  | { readonly kind: "ok"; readonly value: T }
  /** The relay answered that it cannot or will not. */
  | { readonly kind: "problem"; readonly status: number; readonly condition: Condition }
  /** Something answered, but not in a form that this page knows. */
  | { readonly kind: "malformed"; readonly detail: string }
  /** Nobody answered. */
  | { readonly kind: "unreachable"; readonly detail: string };

/** The part of fetch that is used here; tests give their own. */
export type Fetch = (
  url: string,
  init: { signal: AbortSignal; headers: Record<string, string>; cache: RequestCache },
) => Promise<Response>;

/** How long an answer may take. */
const timeoutMS = 5000;

/** Answers are small; whatever is larger than this is not the relay's. */
const maxCharacters = 4 << 20;

/**
 * Asks one URL for JSON and checks the answer with `parse`. Never throws, and
 * ends after 5 s at the latest, or when `signal` does.
 */
export async function ask<T>(
  fetch: Fetch,
  url: string,
  parse: (value: unknown) => T,
  signal: AbortSignal,
): Promise<Answer<T>> {
  const limit = new AbortController();
  const cancel = () => limit.abort();
  const timer = setTimeout(cancel, timeoutMS);
  signal.addEventListener("abort", cancel);
  if (signal.aborted) cancel();
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      signal: limit.signal,
      headers: { accept: "application/json" },
      cache: "no-store",
    });
    text = await response.text();
  } catch (error) {
    const detail = limit.signal.aborted ? `no answer within ${timeoutMS / 1000} s` : String(error);
    return { kind: "unreachable", detail };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
  try {
    if (text.length > maxCharacters) {
      throw new CheckError("", `it must be shorter than ${maxCharacters} characters`, text);
    }
    if (!response.ok) {
      return {
        kind: "problem",
        status: response.status,
        condition: parseProblem(JSON.parse(text)),
      };
    }
    return { kind: "ok", value: parse(JSON.parse(text)) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    // A proxy in front of a stopped relay answers in its place.
    if (response.status >= 502 && response.status <= 504) {
      return { kind: "unreachable", detail: `status ${response.status}` };
    }
    return { kind: "malformed", detail: `status ${response.status}: ${detail}` };
  }
}
