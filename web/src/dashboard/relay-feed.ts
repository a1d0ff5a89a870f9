// Keeps the page's knowledge of the relay current: what it last said, and
// whether it still answers. Old knowledge is kept, and marked as old, while
// the relay does not answer.

import type { Condition } from "../core/snapshot.ts";
import { type Answer, ask, type Fetch } from "./answer.ts";
import { parseRelay, type RelayInfo } from "./messages.ts";
import { type Clock, Poller, pageClock } from "./poller.ts";
import { type Readable, Store } from "./store.ts";

/** Whether the relay answers. */
export type Link =
  | { readonly kind: "asking" }
  | { readonly kind: "answering" }
  /** It answered that what was asked for cannot be had. */
  | { readonly kind: "refused"; readonly condition: Condition }
  | { readonly kind: "malformed"; readonly detail: string }
  | {
      readonly kind: "unreachable";
      readonly since: number;
      readonly retryAt: number;
      readonly detail: string;
    };

/** What a page knows of the relay now. */
export interface Knowledge<T> {
  readonly link: Link;
  /** The last good answer; null before the first. */
  readonly value: T | null;
  /** Null until the relay has told about itself. */
  readonly relay: RelayInfo | null;
  /** The relay has another version than when the page was loaded. */
  readonly updated: boolean;
}

const pace = { interval: 2000, maxInterval: 15000 };

/** The relay tells about itself once in so many questions. */
const relayEvery = 15;

/** Asks the relay one question every 2 s, and now and then about itself. */
export class RelayFeed<T> {
  readonly #knowledge: Store<Knowledge<T>>;
  readonly #poller: Poller;
  #turn = 0;

  constructor(
    private readonly url: string,
    private readonly parse: (value: unknown) => T,
    private readonly fetch: Fetch = (url, init) => globalThis.fetch(url, init),
    private readonly clock: Clock = pageClock,
  ) {
    this.#knowledge = new Store<Knowledge<T>>({
      link: { kind: "asking" },
      value: null,
      relay: null,
      updated: false,
    });
    this.#poller = new Poller(
      (signal) => this.#ask(signal),
      pace,
      clock,
      (retryAt) => this.#failed(retryAt),
    );
  }

  /** What is known, and each change of it. */
  get knowledge(): Readable<Knowledge<T>> {
    return this.#knowledge;
  }

  /** Starts asking, or asks at once. */
  start(): void {
    this.#poller.start();
  }

  /** Stops asking; what is known stays. */
  stop(): void {
    this.#poller.stop();
  }

  async #ask(signal: AbortSignal): Promise<boolean> {
    const answer = await ask(this.fetch, this.url, this.parse, signal);
    if (signal.aborted) return false;
    const before = this.#knowledge.get();
    this.#knowledge.set({
      ...before,
      link: this.#link(answer, before.link),
      // A refusal is news: what the relay said before no longer holds.
      value: answer.kind === "ok" ? answer.value : answer.kind === "problem" ? null : before.value,
    });
    const answered = answer.kind === "ok" || answer.kind === "problem";
    if (answered && this.#turn++ % relayEvery === 0) await this.#askRelay(signal);
    return answered;
  }

  async #askRelay(signal: AbortSignal): Promise<void> {
    const answer = await ask(this.fetch, "/api/v1/relay", parseRelay, signal);
    if (signal.aborted) return;
    if (answer.kind !== "ok") {
      this.#turn = 0; // with the next question
      return;
    }
    const before = this.#knowledge.get();
    const first = before.relay?.version;
    this.#knowledge.set({
      ...before,
      relay: answer.value,
      updated: before.updated || (first !== undefined && first !== answer.value.version),
    });
  }

  #link(answer: Answer<T>, before: Link): Link {
    switch (answer.kind) {
      case "ok":
        return { kind: "answering" };
      case "problem":
        return { kind: "refused", condition: answer.condition };
      case "malformed":
        return { kind: "malformed", detail: answer.detail };
      case "unreachable": {
        this.#turn = 0; // it may come back as another version
        const now = this.clock.now();
        const since = before.kind === "unreachable" ? before.since : now;
        return { kind: "unreachable", since, retryAt: now, detail: answer.detail };
      }
    }
  }

  #failed(retryAt: number): void {
    const before = this.#knowledge.get();
    if (before.link.kind !== "unreachable") return;
    this.#knowledge.set({ ...before, link: { ...before.link, retryAt } });
  }
}
