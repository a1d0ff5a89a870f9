// A reporter for node's test runner that words its events as go test -json
// does: one JSON object a line, with Action, Package, Test, Elapsed, Output.
// Package is the test file, Test the path of names down to the test.
import { relative } from "node:path";
import { inspect } from "node:util";

const line = (event) => `${JSON.stringify(event)}\n`;

/** What went wrong, the assertion's own text first. */
function explain(error) {
  const cause = error?.cause ?? error;
  if (cause instanceof Error) {
    return cause.stack ?? cause.message;
  }
  return typeof cause === "string" ? cause : inspect(cause);
}

export default async function* nodeEvents(source) {
  /** Names of the tests that are under way, outermost first. */
  const path = [];
  /** Seconds and failures by file. */
  const files = new Map();
  const fileOf = (data) => {
    const name = data.file ? relative(process.cwd(), data.file) : "node";
    const known = files.get(name) ?? { seconds: 0, failed: false };
    files.set(name, known);
    return { name, known };
  };

  for await (const { type, data } of source) {
    if (type === "test:start") {
      path.length = data.nesting;
      path[data.nesting] = data.name;
      continue;
    }
    if (type === "test:stdout" || type === "test:stderr") {
      yield line({ Action: "output", Package: fileOf(data).name, Output: data.message });
      continue;
    }
    if (type !== "test:pass" && type !== "test:fail") {
      continue;
    }
    const { name, known } = fileOf(data);
    const seconds = (data.details?.duration_ms ?? 0) / 1000;
    const failed = type === "test:fail" && data.todo === undefined;
    if (data.nesting === 0) {
      known.seconds += seconds;
    }
    known.failed ||= failed;
    // Suites hold tests and are not tests; a file as a whole counts only when
    // it failed before or after its tests.
    const isFile = data.nesting === 0 && `/${data.file}`.endsWith(`/${data.name}`);
    if ((data.details?.type === "suite" || isFile) && !failed) {
      continue;
    }
    const test = [...path.slice(0, data.nesting), data.name]
      .map((part) => part.replaceAll("/", "\u2215"))
      .join("/");
    const verdict = { Package: name, Test: test, Elapsed: seconds };
    if (failed) {
      yield line({ ...verdict, Action: "output", Output: `${explain(data.details?.error)}\n` });
      yield line({ ...verdict, Action: "fail" });
    } else if (data.skip !== undefined || data.todo !== undefined) {
      const reason = data.skip ?? data.todo;
      const text = typeof reason === "string" && reason !== "" ? reason : "no reason given";
      yield line({ ...verdict, Action: "output", Output: `${text}\n` });
      yield line({ ...verdict, Action: "skip" });
    } else {
      yield line({ ...verdict, Action: "pass" });
    }
  }
  for (const [name, { seconds, failed }] of files) {
    yield line({ Action: failed ? "fail" : "pass", Package: name, Elapsed: seconds });
  }
}
