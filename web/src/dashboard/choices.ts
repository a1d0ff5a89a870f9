// The viewer's choices as shared state of the page, kept as they change.

import { load, type Preferences, pageStorage, save, themes } from "./preferences.ts";
import { type Readable, Store } from "./store.ts";

/** Holds the choices, keeps them, and applies the theme. */
export class Choices {
  readonly #keep = pageStorage();
  readonly #store = new Store<Preferences>(load(this.#keep));

  constructor() {
    this.#store.subscribe(({ theme }) => {
      if (theme === "auto") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = theme;
    });
    // Other pages of the same relay, such as the tiles of a wall, follow.
    addEventListener("storage", () => this.#store.set(load(this.#keep)));
  }

  /** The choices now, and each change. */
  get values(): Readable<Preferences> {
    return this.#store;
  }

  /** Takes a choice. */
  choose<K extends keyof Preferences>(key: K, value: Preferences[K]): void {
    if (this.#store.get()[key] === value) return;
    save(this.#keep, key, value);
    this.#store.set({ ...this.#store.get(), [key]: value });
  }

  /** Goes on to the next theme. */
  nextTheme(): void {
    const at = themes.indexOf(this.#store.get().theme);
    this.choose("theme", themes[(at + 1) % themes.length] ?? "auto");
  }
}
