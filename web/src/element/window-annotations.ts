// Annotations for players that do not draw in the worker: one connection for
// each relay that the window's players share.

import { AnnotationHub } from "../core/annotation-hub.ts";

interface Listener {
  readonly base: string;
  readonly stream: string;
  take(text: string): void;
}

let hub: AnnotationHub | null = null;
let count = 0;
const listeners = new Map<number, Listener>();

/** Hears the annotations of a relay's stream as they come, until the function returned is called. */
export function listen(base: string, stream: string, take: (text: string) => void): () => void {
  hub ??= new AnnotationHub((message) => {
    if (message.type !== "annotation") return;
    const { stream } = JSON.parse(message.text) as { stream: string };
    for (const l of listeners.values()) {
      if (l.base === message.base && l.stream === stream) l.take(message.text);
    }
  });
  const player = ++count;
  listeners.set(player, { base, stream, take });
  hub.observe({ type: "annotations", player, base, stream, hold: false, own: false });
  return () => {
    listeners.delete(player);
    hub?.observe({ type: "remove", player });
  };
}
