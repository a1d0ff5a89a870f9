// Checks of JSON that arrives from outside: each reads one field of one type
// and fails with the field's path, the value and the rule. Unknown fields are
// ignored, so that a newer relay does not break an older page.

/** What was wrong with a message: the field, and the rule it broke. */
export class CheckError extends Error {
  constructor(
    /** Path of the field, such as `streams[2].state`. */
    readonly path: string,
    readonly rule: string,
    value: unknown,
  ) {
    super(`${path || "message"} is ${show(value)}; ${rule}`);
    this.name = "CheckError";
  }
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** One JSON object with the path that led to it. */
export interface Fields {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Takes a value as a JSON object. */
export function object(value: unknown, path = ""): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CheckError(path, "it must be an object", value);
  }
  return { path, values: value as Record<string, unknown> };
}

function at(from: Fields, key: string): string {
  return from.path === "" ? key : `${from.path}.${key}`;
}

/** A field that must be a string. */
export function string(from: Fields, key: string): string {
  const value = from.values[key];
  if (typeof value !== "string") {
    throw new CheckError(at(from, key), "it must be a string", value);
  }
  return value;
}

/** A field that is a string, or absent, which reads as "". */
export function optionalString(from: Fields, key: string): string {
  return from.values[key] === undefined || from.values[key] === null ? "" : string(from, key);
}

/** A field that must be a finite number, zero or more. */
export function number(from: Fields, key: string): number {
  const value = from.values[key];
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    throw new CheckError(at(from, key), "it must be a number, zero or more", value);
  }
  return value;
}

/** A field that must be true or false. */
export function boolean(from: Fields, key: string): boolean {
  const value = from.values[key];
  if (typeof value !== "boolean") {
    throw new CheckError(at(from, key), "it must be true or false", value);
  }
  return value;
}

/** A field that must be one of the words given. */
export function word<W extends string>(from: Fields, key: string, words: readonly W[]): W {
  const value = from.values[key];
  const found = words.find((w) => w === value);
  if (found === undefined) {
    throw new CheckError(at(from, key), `it must be one of ${words.join(", ")}`, value);
  }
  return found;
}

/** A field that holds a time (RFC 3339); absent reads as null. In milliseconds since 1970. */
export function optionalTime(from: Fields, key: string): number | null {
  const text = optionalString(from, key);
  if (text === "") return null;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new CheckError(at(from, key), "it must be a time in the form of RFC 3339", text);
  }
  return ms;
}

/** A field that holds a list; null and absent, which is how Go writes an empty one, read as []. */
export function list<T>(
  from: Fields,
  key: string,
  item: (value: unknown, path: string) => T,
): readonly T[] {
  const value = from.values[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    throw new CheckError(at(from, key), "it must be a list", value);
  }
  return value.map((v, i) => item(v, `${at(from, key)}[${i}]`));
}

/** A field that holds an object, or is absent, which reads as null. */
export function optional<T>(
  from: Fields,
  key: string,
  item: (value: unknown, path: string) => T,
): T | null {
  const value = from.values[key];
  return value === undefined || value === null ? null : item(value, at(from, key));
}
