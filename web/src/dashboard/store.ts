// A value that parts of a page share. Whoever changes it calls set; whoever
// shows it subscribes, and is called with each new value.

/** Ends a subscription. */
export type Unsubscribe = () => void;

/** The part of a store that its readers see. */
export interface Readable<T> {
  get(): T;
  /** Calls `reader` at once and on each change, until the returned function is called. */
  subscribe(reader: (value: T) => void): Unsubscribe;
}

/** Holds one value; setting the same value again tells nobody. */
export class Store<T> implements Readable<T> {
  #value: T;
  readonly #readers = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const reader of [...this.#readers]) reader(value);
  }

  subscribe(reader: (value: T) => void): Unsubscribe {
    this.#readers.add(reader);
    reader(this.#value);
    return () => {
      this.#readers.delete(reader);
    };
  }
}
