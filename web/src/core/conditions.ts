// Conditions that the page itself finds, and those it reads from the relay.

import type { Condition } from "./snapshot.ts";

const severities: readonly Condition["severity"][] = ["error", "warning", "info"];

/** Makes a condition. */
export function condition(
  code: string,
  severity: Condition["severity"],
  title: string,
  text: string,
  fix: string,
): Condition {
  return { code, severity, title, text, fix };
}

/** Reads a condition of the relay's JSON; null if it is none. */
export function parseCondition(data: unknown): Condition | null {
  if (typeof data !== "object" || data === null) return null;
  const fields = data as Record<string, unknown>;
  const text = (key: string) => (typeof fields[key] === "string" ? fields[key] : "");
  const severity = severities.find((s) => s === fields.severity) ?? "error";
  if (text("code") === "") return null;
  const parsed = condition(text("code"), severity, text("title"), text("text"), text("fix"));
  const since = text("since");
  return since === "" ? parsed : { ...parsed, since };
}

/** Reads a list of conditions; what is none is left out. */
export function parseConditions(data: unknown): Condition[] {
  if (!Array.isArray(data)) return [];
  return data.map(parseCondition).filter((c) => c !== null);
}

/** Reads the condition out of a problem+json answer, whatever the answer is. */
export async function conditionOfResponse(response: Response): Promise<Condition> {
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null) {
      const fields = body as Record<string, unknown>;
      const found = parseCondition({ ...fields, text: fields.detail, severity: "error" });
      if (found) return found;
    }
  } catch {
    // No JSON: the status says all there is.
  }
  return condition(
    "relay-answer",
    "error",
    "The relay refuses",
    `The relay answered HTTP ${response.status} ${response.statusText}.`.replace(" .", "."),
    "Look at the relay's log.",
  );
}

/** The relay cannot be reached by HTTP. */
export function relayUnreachable(base: string, error: unknown): Condition {
  const reason = error instanceof Error ? error.message : String(error);
  return condition(
    "relay-unreachable",
    "error",
    "The relay does not answer",
    `${base} cannot be reached (${reason}). It is tried again.`,
    "Check that sightline runs and that this machine reaches it.",
  );
}

/** Worst first; the order of equals is kept. */
export function sortConditions(list: readonly Condition[]): Condition[] {
  return [...list].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}
