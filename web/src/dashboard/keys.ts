// Single-key commands of a page, and the window that lists them.

import type { Choices } from "./choices.ts";
import { h } from "./dom.ts";
import { icon } from "./icons.ts";

/** One command: the keys as KeyboardEvent.key has them, what it does, and doing it. */
export interface Command {
  readonly keys: readonly string[];
  /** The keys as they are printed. */
  readonly shown: readonly string[];
  readonly text: string;
  /** Returns false where the key has nothing to do and keeps its usual meaning. */
  readonly act: (key: string) => boolean | undefined;
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target instanceof HTMLTextAreaElement ||
      target instanceof HTMLSelectElement ||
      (target instanceof HTMLInputElement && !["checkbox", "button"].includes(target.type)))
  );
}

/** Binds the commands to the page. "?" opens the window that lists them. */
export class Keys {
  readonly #window: HTMLDialogElement;

  constructor(
    private readonly choices: Choices,
    private readonly commands: readonly Command[],
    about: () => string,
  ) {
    const rows = commands.map((c) =>
      h("div", {}, h("dt", {}, ...c.shown.map((k) => h("kbd", {}, k))), h("dd", {}, c.text)),
    );
    const active = h("input", { type: "checkbox", id: "keys-active" });
    const close = h("button", { class: "button", type: "button", "aria-label": "Close" });
    close.append(icon("close"));
    const version = h("p", { class: "keys-about" });
    this.#window = h(
      "dialog",
      { class: "keys", "aria-labelledby": "keys-title" },
      h("header", {}, h("h2", { id: "keys-title" }, "Keys"), close),
      h(
        "dl",
        {},
        ...rows,
        h("div", {}, h("dt", {}, h("kbd", {}, "?")), h("dd", {}, "Show this list")),
      ),
      h("label", { class: "keys-active" }, active, "Single keys act"),
      version,
    );
    this.#window.addEventListener("toggle", () => {
      version.textContent = about();
    });
    close.addEventListener("click", () => this.#window.close());
    this.#window.addEventListener("click", (event) => {
      if (event.target === this.#window) this.#window.close();
    });
    choices.values.subscribe(({ keys }) => {
      active.checked = keys;
    });
    active.addEventListener("change", () => choices.choose("keys", active.checked));
    document.body.append(this.#window);
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** Opens the list of keys. */
  show(): void {
    if (!this.#window.open) this.#window.showModal();
  }

  #pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target) || document.querySelector("dialog[open]") !== null) return;
    if (!this.choices.values.get().keys) return;
    if (event.key === "?") {
      event.preventDefault();
      this.show();
      return;
    }
    // Shift with an arrow selects or scrolls; it is no command.
    if (event.shiftKey && event.key.length > 1) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const command = this.commands.find((c) => c.keys.includes(key));
    if (command !== undefined && command.act(key) !== false) event.preventDefault();
  }
}
