// The buttons that every page has.

import type { Choices } from "./choices.ts";
import { h } from "./dom.ts";
import { type Icon, icon } from "./icons.ts";

/** A button with an icon; its label is read out, and shown as a tip with its key. */
export function iconButton(name: Icon, label: string, key: string, act: () => void) {
  const button = h("button", { class: "button", type: "button" }, icon(name));
  relabel(button, name, label, key);
  button.addEventListener("click", act);
  return button;
}

/** Gives a button another icon and label. */
export function relabel(button: HTMLButtonElement, name: Icon, label: string, key: string): void {
  button.replaceChildren(icon(name));
  button.setAttribute("aria-label", label);
  button.title = key === "" ? label : `${label} (${key})`;
  if (key.length === 1) button.setAttribute("aria-keyshortcuts", key);
}

const themeNames = { auto: "as the system", light: "light", dark: "dark" } as const;

/** The button that goes through the themes. */
export function themeButton(choices: Choices): HTMLButtonElement {
  const button = iconButton("auto", "Theme", "t", () => choices.nextTheme());
  choices.values.subscribe(({ theme }) => {
    relabel(button, theme, `Theme: ${themeNames[theme]}`, "t");
  });
  return button;
}
