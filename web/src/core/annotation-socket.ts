// A lasting connection to a relay's annotations (/api/v1/ws). It runs in the
// document's worker, beside the program that draws.

import { parseRelayMessage } from "./annotations.ts";
import { Backoff } from "./backoff.ts";

/** What is used of a WebSocket. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  readonly readyState: number;
  send(text: string): void;
  close(): void;
}

/** What a connection needs of the world; tests give their own. */
export interface SocketWorld {
  open(url: string): Socket;
  after(ms: number, callback: () => void): () => void;
}

/** Without a word from the relay for so many heartbeats the connection is opened anew. */
const patience = 3;
const open = 1;

/** Subscribes to streams as long as somebody wants them. */
export class AnnotationSocket {
  readonly #url: string;
  readonly #world: SocketWorld;
  readonly #take: (text: string) => void;
  readonly #problem: (text: string) => void;
  readonly #backoff = new Backoff(500, 10_000);
  readonly #wanted = new Map<string, number>();
  /** What was received last of each stream. */
  readonly #last = new Map<string, { epoch: number; seq: number }>();
  #socket: Socket | null = null;
  #greeted = false;
  #heartbeatMs = 10_000;
  #cancelWatch: (() => void) | null = null;
  #cancelRetry: (() => void) | null = null;

  /** `take` gets every annotation as JSON that has been checked. */
  constructor(
    url: string,
    world: SocketWorld,
    take: (text: string) => void,
    problem: (text: string) => void,
  ) {
    this.#url = url;
    this.#world = world;
    this.#take = take;
    this.#problem = problem;
  }

  /** Wants a stream; each call needs its `drop`. */
  want(stream: string): void {
    const count = this.#wanted.get(stream) ?? 0;
    this.#wanted.set(stream, count + 1);
    if (count === 0) this.#subscribe();
  }

  /** Wants a stream once less. */
  drop(stream: string): void {
    const count = this.#wanted.get(stream) ?? 0;
    if (count > 1) {
      this.#wanted.set(stream, count - 1);
      return;
    }
    this.#wanted.delete(stream);
    this.#last.delete(stream);
    this.#subscribe();
  }

  /** Sends what this browser's own detectors found; false while there is no connection. */
  report(text: string): boolean {
    if (!this.#greeted || this.#socket?.readyState !== open) return false;
    this.#socket.send(this.#withEpoch(text));
    return true;
  }

  /** The program learns a stream's epoch from its first annotation; the welcome tells it before. */
  #withEpoch(text: string): string {
    const message = JSON.parse(text) as { stream: string; epoch?: number };
    if (message.epoch !== 0) return text;
    return JSON.stringify({ ...message, epoch: this.#last.get(message.stream)?.epoch ?? 0 });
  }

  #subscribe(): void {
    if (this.#wanted.size === 0) {
      this.#end();
      return;
    }
    if (this.#socket === null) {
      if (this.#cancelRetry === null) this.#connect();
      return;
    }
    if (this.#greeted) this.#sendWishes("subscribe");
  }

  #sendWishes(type: "hello" | "subscribe"): void {
    const streams = [...this.#wanted.keys()].map((name) => ({ name, ...this.#last.get(name) }));
    this.#socket?.send(JSON.stringify({ v: 1, type, token: "", streams }));
  }

  #connect(): void {
    this.#cancelRetry = null;
    const socket = this.#world.open(this.#url);
    this.#socket = socket;
    this.#greeted = false;
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      this.#greeted = true;
      this.#sendWishes("hello");
    };
    socket.onmessage = (event) => {
      if (this.#socket === socket) this.#receive(event.data);
    };
    socket.onclose = () => {
      if (this.#socket === socket) this.#lost();
    };
    this.#watch();
  }

  #receive(data: unknown): void {
    this.#watch();
    if (typeof data !== "string") return;
    try {
      const message = parseRelayMessage(data);
      if (message === null) return;
      if (message.kind === "control") {
        const { control } = message;
        if (control.type === "welcome") {
          this.#backoff.reset();
          this.#heartbeatMs = 1000 * control.heartbeat_s;
          this.#watch();
          for (const s of control.streams) {
            if (s.resumed === "none") this.#last.delete(s.stream);
            // With nothing yet, what comes from here on is what may be missed.
            if (!this.#last.has(s.stream)) this.#last.set(s.stream, { epoch: s.epoch, seq: s.seq });
          }
        } else if (control.type === "error") {
          this.#problem(`annotations: ${control.text}`);
        }
        return;
      }
      const { annotation, seq } = message;
      if (seq !== null && "epoch" in annotation) {
        this.#last.set(annotation.stream, { epoch: annotation.epoch, seq });
      }
      this.#take(data);
    } catch (error) {
      this.#problem(error instanceof Error ? error.message : String(error));
    }
  }

  /** Gives the relay time for its next word. */
  #watch(): void {
    this.#cancelWatch?.();
    this.#cancelWatch = this.#world.after(patience * this.#heartbeatMs, () => {
      const socket = this.#socket;
      this.#lost();
      socket?.close();
    });
  }

  #lost(): void {
    this.#socket = null;
    this.#greeted = false;
    this.#cancelWatch?.();
    this.#cancelWatch = null;
    if (this.#wanted.size === 0) return;
    this.#cancelRetry = this.#world.after(this.#backoff.next(), () => this.#connect());
  }

  #end(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#greeted = false;
    this.#cancelWatch?.();
    this.#cancelWatch = null;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    socket?.close();
  }
}

/** The address of a relay's annotations. */
export function annotationURL(base: string): string {
  const url = new URL("/api/v1/ws", base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
