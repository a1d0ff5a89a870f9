// Asks the same question again and again: at a steady pace while it is
// answered, more and more slowly while it is not, not at all while nobody looks.

/** What a poller needs from the world; tests give their own. */
export interface Clock {
  now(): number;
  /** Calls back once after a time; the returned function cancels. */
  after(ms: number, callback: () => void): () => void;
}

/** The clock of the page. */
export const pageClock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Pace of a poller, in milliseconds. */
export interface Pace {
  /** Between two questions while answers come. */
  readonly interval: number;
  /** The longest wait while none come. */
  readonly maxInterval: number;
}

/** The wait before the next question after a number of failures in a row. */
export function wait(pace: Pace, failures: number): number {
  return Math.min(pace.maxInterval, pace.interval * 1.6 ** Math.min(failures, 30));
}

/**
 * Runs `ask` until stopped, one question at a time. `ask` tells whether it was
 * answered; `failed` hears when the next try after an unanswered one is due.
 */
export class Poller {
  #failures = 0;
  #cancel: (() => void) | null = null;
  #current: AbortController | null = null;
  #running = false;

  constructor(
    private readonly question: (signal: AbortSignal) => Promise<boolean>,
    private readonly pace: Pace,
    private readonly clock: Clock = pageClock,
    private readonly failed: (retryAt: number) => void = () => {},
  ) {}

  /** Starts asking, at once; asks at once again if it already runs and waits. */
  start(): void {
    this.#running = true;
    this.#cancel?.();
    this.#cancel = null;
    if (this.#current === null) void this.#turn();
  }

  /** Stops asking and drops the question under way. */
  stop(): void {
    this.#running = false;
    this.#cancel?.();
    this.#cancel = null;
    this.#current?.abort();
    this.#current = null;
  }

  async #turn(): Promise<void> {
    const current = new AbortController();
    this.#current = current;
    const answered = await this.question(current.signal);
    // Stopped meanwhile, and perhaps started again with a question of its own.
    if (this.#current !== current) return;
    this.#current = null;
    if (!this.#running) return;
    this.#failures = answered ? 0 : this.#failures + 1;
    const ms = wait(this.pace, this.#failures);
    if (!answered) this.failed(this.clock.now() + ms);
    this.#cancel = this.clock.after(ms, () => {
      this.#cancel = null;
      void this.#turn();
    });
  }
}
