// Programs that tests start: each in a process group of its own, which ends with the test run
// whatever happens.

import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const running = new Set();

function killGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended by itself.
  }
}

process.on("exit", () => {
  for (const child of running) killGroup(child, "SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => process.exit(1));
}

/** Runs a program to its end; returns what it printed. */
export const runToEnd = promisify(execFile);

/** Waits. */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until the answer is truthy; the error names what did not come, and the last answer. */
export async function eventually(what, ask, { ms = 60_000, every = 100, note } = {}) {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) {
      const more = note ? `; ${JSON.stringify(await note())}` : "";
      throw new Error(`${what}: not within ${ms} ms${more}`);
    }
    await sleep(every);
  }
}

/** A program that runs beside the test. */
export class Program {
  /** What it printed so far, both outputs in one. */
  output = "";
  /** The same line by line, and the part of standard output alone. */
  lines = [];
  /** Its exit code once it has ended, or its signal's name. */
  result = null;
  ended;
  #child;
  #listeners = new Set();
  #rests = { stdout: "", stderr: "" };

  constructor(command, args, { env, cwd, name } = {}) {
    this.name = name ?? command;
    this.#child = spawn(command, args, {
      detached: true,
      cwd,
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    running.add(this.#child);
    for (const stream of ["stdout", "stderr"]) {
      this.#child[stream].setEncoding("utf8");
      this.#child[stream].on("data", (text) => this.#take(stream, text));
    }
    this.#child.stdin.on("error", () => {});
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.output += `${error.message}\n`;
        this.#end(error.message, resolve);
      });
      this.#child.once("close", (code, signal) => this.#end(code ?? signal, resolve));
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Waits for a line that matches; rejects when the program ends before. */
  line(pattern, ms = 60_000) {
    return new Promise((resolve, reject) => {
      const found = (line) => {
        const match = pattern.exec(line);
        if (!match) return;
        finish();
        resolve(match);
      };
      const failed = (why) => {
        finish();
        reject(new Error(`${this.name} ${why}; it says:\n${this.output}`));
      };
      const timer = setTimeout(() => failed(`does not say ${pattern} within ${ms} ms`), ms);
      const finish = () => {
        clearTimeout(timer);
        this.#listeners.delete(found);
      };
      this.#listeners.add(found);
      for (const line of [...this.lines]) found(line);
      this.ended.then((result) => failed(`has ended (${result})`));
    });
  }

  /** Hears each further line. */
  onLine(listener) {
    this.#listeners.add(listener);
  }

  /** Sends a signal to the whole group. */
  signal(name) {
    killGroup(this.#child, name);
  }

  /** Ends standard input. */
  closeInput() {
    this.#child.stdin.end();
  }

  /** Asks the program to end, and makes it end after a while. */
  async stop(ms = 10_000) {
    if (this.result === null) {
      this.signal("SIGCONT");
      this.signal("SIGTERM");
      const timer = setTimeout(() => this.signal("SIGKILL"), ms);
      await this.ended;
      clearTimeout(timer);
    }
    // Children it may have left.
    this.signal("SIGKILL");
    return this.result;
  }

  /** Ends the program at once, without a chance to say goodbye. */
  async kill() {
    this.signal("SIGKILL");
    await this.ended;
  }

  /** Seconds of processor time used so far. */
  async cpuSeconds() {
    const stat = await readFile(`/proc/${this.pid}/stat`, "utf8");
    // The name in parentheses may hold spaces; utime and stime are fields 14 and 15 (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  #take(stream, text) {
    this.output += text;
    const lines = (this.#rests[stream] + text).split("\n");
    this.#rests[stream] = lines.pop();
    for (const line of lines) {
      this.lines.push(line);
      for (const listener of [...this.#listeners]) listener(line);
    }
  }

  #end(result, resolve) {
    running.delete(this.#child);
    this.result = result;
    resolve(result);
  }
}
