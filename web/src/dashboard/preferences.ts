// What a viewer chose, kept in the browser. Storage may be forbidden (private
// windows, third-party frames) or hold anything; then the defaults hold.

import { type Density, densities } from "./overview.ts";

/** The part of Storage that is used; tests give their own. */
export interface Keep {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** Which colours the pages have; auto follows the system. */
export type Theme = "auto" | "light" | "dark";

/** The themes in the order of the button. */
export const themes: readonly Theme[] = ["auto", "light", "dark"];

/** All choices with their defaults. */
export interface Preferences {
  readonly theme: Theme;
  readonly density: Density;
  /** The panel of /view is open. */
  readonly panel: boolean;
  /** The overlay is drawn on the pictures. */
  readonly overlay: boolean;
  /** Single keys act; some people's speech or switch input needs them off. */
  readonly keys: boolean;
}

const defaults: Preferences = {
  theme: "auto",
  density: "fit",
  panel: true,
  overlay: true,
  keys: true,
};

const prefix = "sightline.";

/** Reads the choices. */
export function load(keep: Keep | null): Preferences {
  const read = (key: string): string | null => {
    try {
      return keep?.getItem(prefix + key) ?? null;
    } catch {
      return null;
    }
  };
  const flag = (key: "panel" | "overlay" | "keys"): boolean => {
    const value = read(key);
    return value === "1" ? true : value === "0" ? false : defaults[key];
  };
  return {
    theme: themes.find((t) => t === read("theme")) ?? defaults.theme,
    density: densities.find((d) => d === read("density")) ?? defaults.density,
    panel: flag("panel"),
    overlay: flag("overlay"),
    keys: flag("keys"),
  };
}

/** Keeps one choice, if the browser lets us. */
export function save<K extends keyof Preferences>(
  keep: Keep | null,
  key: K,
  value: Preferences[K],
): void {
  try {
    keep?.setItem(prefix + key, typeof value === "boolean" ? (value ? "1" : "0") : value);
  } catch {
    // Full or forbidden: the choice lasts as long as the page.
  }
}

/** The page's own storage, or null where reading it is refused. */
export function pageStorage(): Keep | null {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}
