// Reads changes of state out to screen readers, politely: all changes of two
// seconds in one sentence.

import { type Change, sentence } from "./overview.ts";

const quietMS = 2000;

/** Speaks through one aria-live element. */
export class Announcer {
  #changes: Change[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly region: HTMLElement) {}

  /** Says that something has a new state. */
  changed(name: string, label: string): void {
    this.#changes.push({ name, label });
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.region.textContent = sentence(this.#changes);
      this.#changes = [];
    }, quietMS);
  }

  /** Says a sentence of its own, at once. */
  say(text: string): void {
    this.region.textContent = text;
  }
}
