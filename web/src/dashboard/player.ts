// The <sightline-player> element as the pages use it.

import "../element/sightline-player.ts";
import type { Overlay } from "../core/messages.ts";
import type { PlayerSnapshot } from "../core/snapshot.ts";
import { h } from "./dom.ts";

/** The element. */
export type PlayerElement = HTMLElementTagNameMap["sightline-player"];

/** Makes a player for a stream; it starts when it is put into the page. */
export function createPlayer(stream: string, overlay: Overlay): PlayerElement {
  return h("sightline-player", { stream, overlay, rung: "auto" });
}

/** Calls `changed` when the player's state has changed, at most 4 times a second. */
export function watchPlayer(
  player: PlayerElement,
  changed: (snapshot: PlayerSnapshot) => void,
  signal: AbortSignal,
): void {
  let waiting = false;
  let last = 0;
  const tell = () => {
    waiting = false;
    last = performance.now();
    if (!signal.aborted && player.snapshot) changed(player.snapshot);
  };
  const heard = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(tell, Math.max(0, last + 250 - performance.now()));
  };
  player.addEventListener("sightline-state", heard, { signal });
}
