// The picture of one stream with what has to be said over it; the middle of
// /view and all of /embed.

import type { Overlay } from "../core/messages.ts";
import type { Condition, PlayerSnapshot } from "../core/snapshot.ts";
import { type Child, h } from "./dom.ts";
import { duration } from "./format.ts";
import { icon } from "./icons.ts";
import type { RelayInfo, StreamInfo } from "./messages.ts";
import { fingerprint, notice } from "./notice.ts";
import { createPlayer, type PlayerElement, watchPlayer } from "./player.ts";
import { mergeConditions, type Status, status } from "./status.ts";

/** What is known besides the player. */
export interface Surroundings {
  readonly stream: StreamInfo | null;
  readonly relay: RelayInfo | null;
  /** Conditions of the page's own link to the relay. */
  readonly conditions: readonly Condition[];
}

/** The list of network paths that were tried, and what to open. */
function pathsTried(player: PlayerSnapshot | null, relay: RelayInfo | null): readonly Child[] {
  const tried = player?.candidates ?? [];
  const port = relay?.webrtcPort ?? 0;
  return [
    port > 0 &&
      h(
        "p",
        { class: "notice-port" },
        "Port to open on the relay: ",
        h("code", {}, `UDP ${port}`),
        " and ",
        h("code", {}, `TCP ${port}`),
      ),
    tried.length > 0 &&
      h(
        "details",
        { open: true },
        h("summary", {}, "Paths tried"),
        h("ul", { class: "candidates" }, ...tried.map((c) => h("li", {}, h("code", {}, c)))),
      ),
    tried.length === 0 && h("p", {}, "No path could be tried: neither side offered an address."),
  ];
}

/** Shows one stream's picture, and why there is none. */
export class StageView {
  /** The element to put into the page, and to make as large as the screen. */
  readonly element: HTMLElement;
  /** The player within. */
  readonly player: PlayerElement;
  readonly #notices = h("div", { class: "stage-notices" });
  readonly #frozen = h("p", { class: "stage-frozen" });
  #around: Surroundings = { stream: null, relay: null, conditions: [] };
  #shown: string | null = null;
  #frozenSince: number | null = null;

  constructor(
    name: string,
    overlay: Overlay,
    /** Hears each new state. */
    private readonly changed: (now: Status, player: PlayerSnapshot | null) => void,
    signal: AbortSignal = new AbortController().signal,
  ) {
    this.player = createPlayer(name, overlay);
    this.element = h("div", { class: "stage" }, this.player, this.#frozen, this.#notices);
    watchPlayer(this.player, () => this.draw(), signal);
  }

  /** Takes what is known besides the player. */
  update(around: Surroundings): void {
    this.#around = around;
    this.draw();
  }

  /** Draws again; ages move on. */
  draw(): void {
    const snapshot = this.player.snapshot ?? null;
    const { stream, conditions } = this.#around;
    const own = status(stream, snapshot);
    const refused = !own.picture && conditions.some((c) => c.severity === "error");
    const now: Status = {
      ...own,
      badge: refused ? { tone: "bad", label: "Unavailable" } : own.badge,
      conditions: mergeConditions(conditions, own.conditions),
    };
    this.element.toggleAttribute("data-picture", now.picture);
    this.element.toggleAttribute("data-frozen", now.frozen);
    this.element.dataset.tone = now.badge.tone;
    this.#frozenSince = now.frozen ? (this.#frozenSince ?? Date.now()) : null;
    this.#frozen.textContent =
      this.#frozenSince === null
        ? ""
        : `Frozen picture, ${duration(Date.now() - this.#frozenSince)} old`;
    this.#drawNotices(now, snapshot);
    this.changed(now, snapshot);
  }

  #drawNotices(now: Status, snapshot: PlayerSnapshot | null): void {
    const { relay } = this.#around;
    const shown = JSON.stringify([
      now.picture,
      now.hint,
      now.badge.tone,
      fingerprint(now.conditions),
      snapshot?.candidates,
      relay?.webrtcPort,
    ]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const notices = now.conditions.map((c) =>
      notice(c, ...(c.code === "viewer-not-connected" ? pathsTried(snapshot, relay) : [])),
    );
    if (notices.length === 0 && !now.picture) {
      notices.push(
        h(
          "div",
          { class: "resting" },
          now.badge.tone === "busy" ? h("span", { class: "spinner" }) : icon("camera"),
          now.hint !== "" && h("p", {}, now.hint),
        ),
      );
    }
    this.#notices.replaceChildren(...notices);
  }
}
