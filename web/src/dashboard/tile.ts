// One stream in the grid: a link to its page, with the picture while the tile
// is on the screen, and the reason where there is no picture.

import { h, setText } from "./dom.ts";
import { duration, frameRate, resolution } from "./format.ts";
import { icon } from "./icons.ts";
import type { StreamInfo } from "./messages.ts";
import { fingerprint, notice } from "./notice.ts";
import { createPlayer, type PlayerElement, watchPlayer } from "./player.ts";
import { type Badge, status } from "./status.ts";

/** How long a tile keeps its player after it left the screen. */
const lingerMS = 4000;

/** A tile. Its owner tells it what the relay says, and whether it is on the screen. */
export class Tile {
  /** The list item to put into the grid. */
  readonly element: HTMLLIElement;
  readonly #link: HTMLAnchorElement;
  readonly #screen = h("div", { class: "tile-screen" });
  readonly #notice = h("div", { class: "tile-notice" });
  readonly #badge = h("span", { class: "badge" });
  readonly #facts = h("span", { class: "tile-facts" });
  #player: { element: PlayerElement; life: AbortController } | null = null;
  #leaving: ReturnType<typeof setTimeout> | null = null;
  #stream: StreamInfo;
  #noticeShown: string | null = null;
  #label = "";

  constructor(
    stream: StreamInfo,
    /** Hears the stream's new state, for whoever cannot see the tile. */
    private readonly changed: (name: string, badge: Badge) => void,
  ) {
    this.#stream = stream;
    const nameID = `name-${stream.name}`;
    const stateID = `state-${stream.name}`;
    const noticeID = `notice-${stream.name}`;
    this.#badge.id = stateID;
    this.#notice.id = noticeID;
    this.#link = h(
      "a",
      {
        class: "tile-link",
        href: `/view/${encodeURIComponent(stream.name)}`,
        id: nameID,
        "aria-describedby": `${stateID} ${noticeID}`,
      },
      stream.name,
    );
    this.#screen.append(this.#notice);
    this.element = h(
      "li",
      { class: "tile", "data-stream": stream.name },
      this.#screen,
      h("div", { class: "tile-caption" }, this.#link, this.#facts, this.#badge),
    );
    this.#draw();
  }

  /** Takes what the relay says of the stream now. */
  update(stream: StreamInfo): void {
    this.#stream = stream;
    this.#draw();
  }

  /** Says whether the tile is on the screen, or nearly so. */
  setOnScreen(onScreen: boolean): void {
    if (this.#leaving !== null) clearTimeout(this.#leaving);
    this.#leaving = null;
    if (onScreen) this.#start();
    else if (this.#player !== null) {
      this.#leaving = setTimeout(() => this.#stop(), lingerMS);
    }
  }

  /** Puts the keyboard on the tile. */
  focus(): void {
    this.#link.focus();
    this.element.scrollIntoView({ block: "nearest" });
  }

  /** Whether the keyboard is on the tile. */
  get focused(): boolean {
    return document.activeElement === this.#link;
  }

  /** Ends the tile. */
  dispose(): void {
    if (this.#leaving !== null) clearTimeout(this.#leaving);
    this.#stop();
    this.element.remove();
  }

  #start(): void {
    if (this.#player !== null) return;
    const life = new AbortController();
    const element = createPlayer(this.#stream.name, "none");
    // The tile is one link; nothing in the player takes keys or clicks.
    element.inert = true;
    this.#player = { element, life };
    watchPlayer(element, () => this.#draw(), life.signal);
    this.#screen.prepend(element);
    this.#draw();
  }

  #stop(): void {
    this.#player?.life.abort();
    this.#player?.element.remove();
    this.#player = null;
    this.#draw();
  }

  #draw(): void {
    const stream = this.#stream;
    const snapshot = this.#player?.element.snapshot ?? null;
    const now = status(stream, snapshot);
    const { element } = this;
    element.dataset.tone = now.badge.tone;
    element.toggleAttribute("data-picture", now.picture);
    element.toggleAttribute("data-frozen", now.frozen);
    setText(this.#badge, now.badge.label);
    this.#badge.dataset.tone = now.badge.tone;
    setText(this.#facts, this.#factsText(now.picture && !now.frozen, snapshot?.fps ?? 0));
    this.#drawNotice(now);
    if (now.badge.label !== this.#label) {
      if (this.#label !== "") this.changed(stream.name, now.badge);
      this.#label = now.badge.label;
    }
  }

  #factsText(moving: boolean, fps: number): string {
    const { state, video, retryAt } = this.#stream;
    if ((state === "backoff" || state === "failed") && retryAt !== null) {
      const wait = retryAt - Date.now();
      return wait < 1000 ? "trying again" : `next try in ${duration(wait)}`;
    }
    if (!moving || video === null) return "";
    const rate = fps > 0 ? fps : video.fps;
    return [resolution(video.width, video.height), rate > 0 ? frameRate(rate) : ""]
      .filter((s) => s !== "" && s !== "–")
      .join(" · ");
  }

  #drawNotice(now: ReturnType<typeof status>): void {
    const first = now.conditions[0];
    // Over a good picture, notes are for the stream's own page.
    const worth = first !== undefined && !(now.picture && first.severity === "info");
    const shown = `${now.picture}${now.badge.tone}${worth ? fingerprint([first]) : now.hint}`;
    if (shown === this.#noticeShown) return;
    this.#noticeShown = shown;
    if (worth) {
      this.#notice.replaceChildren(notice(first));
    } else if (now.picture) {
      this.#notice.replaceChildren();
    } else {
      this.#notice.replaceChildren(
        h(
          "div",
          { class: "resting" },
          now.badge.tone === "busy" ? h("span", { class: "spinner" }) : icon("camera"),
          now.hint !== "" && h("p", {}, now.hint),
        ),
      );
    }
  }
}
