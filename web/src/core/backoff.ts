// Waiting between tries.

/** Delays that double from `first` to `most` milliseconds, each up to a quarter longer by chance. */
export class Backoff {
  readonly #first: number;
  readonly #most: number;
  #next: number;

  constructor(first: number, most: number) {
    this.#first = first;
    this.#most = most;
    this.#next = first;
  }

  /** The next delay in milliseconds. */
  next(): number {
    const delay = this.#next;
    this.#next = Math.min(this.#most, delay * 2);
    // Viewers of a relay that restarts shall not come back all at once.
    return delay * (1 + Math.random() / 4);
  }

  /** Begins anew after a success. */
  reset(): void {
    this.#next = this.#first;
  }
}

/** Waits; ends early, without an error, when the signal is aborted. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
