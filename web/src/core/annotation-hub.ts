// The annotations of all players of the document: one connection for each
// relay, each message handed to the program as it came.

import { AnnotationSocket, annotationURL, type Socket } from "./annotation-socket.ts";
import type { ToWorker } from "./messages.ts";

/** What the program gets beside the window's messages. */
type ToProgram =
  | { type: "annotation"; base: string; text: string }
  | { type: "annotation-problem"; text: string };

interface Wish {
  readonly base: string;
  readonly stream: string;
}

/** Follows the window's messages, and keeps a connection while a player wants annotations. */
export class AnnotationHub {
  readonly #give: (message: ToProgram) => void;
  readonly #sockets = new Map<string, AnnotationSocket>();
  readonly #wishes = new Map<number, Wish>();

  constructor(give: (message: ToProgram) => void) {
    this.#give = give;
  }

  /** Hears every message of the window before the program does. */
  observe(data: unknown): void {
    const message = data as ToWorker;
    switch (message.type) {
      case "annotations":
        this.#wish(message.player, { base: message.base, stream: message.stream });
        break;
      case "remove":
        this.#wish(message.player, { base: "", stream: "" });
        break;
      default:
        break;
    }
  }

  /** Sends what was found in a player's pictures; false while there is no connection. */
  report(player: number, text: string): boolean {
    const wish = this.#wishes.get(player);
    return wish === undefined ? false : (this.#sockets.get(wish.base)?.report(text) ?? false);
  }

  #wish(player: number, wish: Wish): void {
    const before = this.#wishes.get(player);
    if (before?.base === wish.base && before.stream === wish.stream) return;
    this.#wishes.delete(player);
    if (wish.stream !== "") {
      this.#wishes.set(player, wish);
      this.#socket(wish.base).want(wish.stream);
    }
    // Only now: a stream that two players want in turn stays subscribed.
    if (before !== undefined) this.#sockets.get(before.base)?.drop(before.stream);
  }

  #socket(base: string): AnnotationSocket {
    let socket = this.#sockets.get(base);
    if (socket === undefined) {
      socket = new AnnotationSocket(
        annotationURL(base),
        {
          open: (url) => new WebSocket(url) as unknown as Socket,
          after: (ms, callback) => {
            const timer = setTimeout(callback, ms);
            return () => clearTimeout(timer);
          },
        },
        (text) => this.#give({ type: "annotation", base, text }),
        (text) => this.#give({ type: "annotation-problem", text }),
      );
      this.#sockets.set(base, socket);
    }
    return socket;
  }
}
