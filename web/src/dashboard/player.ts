// The <sightline-player> element as the pages use it.

import type { PlayerSnapshot } from "../core/snapshot.ts";

/** What the overlay shows. */
export type Overlay = "key" | "none";

/** The element's face to the pages. */
export interface PlayerElement extends HTMLElement {
  /** The newest state; absent until the element is defined and has started. */
  readonly snapshot?: PlayerSnapshot | null;
}

/** Makes a player for a stream; it starts when it is put into the page. */
export function createPlayer(stream: string, overlay: Overlay): PlayerElement {
  const player: PlayerElement = document.createElement("sightline-player");
  player.setAttribute("stream", stream);
  player.setAttribute("overlay", overlay);
  player.setAttribute("rung", "auto");
  return player;
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
