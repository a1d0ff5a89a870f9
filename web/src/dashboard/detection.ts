// What detects in one stream, where it runs, how fast, and what the colours of
// boxes mean.

import "./events.css";
import type { PlayerSnapshot } from "../core/snapshot.ts";
import { ask } from "./answer.ts";
import { fill, h } from "./dom.ts";
import { type DetectionInfo, parseDetectors } from "./event-messages.ts";
import { count, milliseconds } from "./format.ts";
import { Poller } from "./poller.ts";

const pace = { interval: 2000, maxInterval: 30_000 };

/** A section of the panel. */
export class Detection {
  readonly element: HTMLElement;
  readonly #stream: string;
  readonly #rows = h("dl", { class: "rows" });
  readonly #poller: Poller;
  #relay: DetectionInfo = { provider: "", detectors: [] };
  #drawn = "";

  constructor(stream: string) {
    this.#stream = stream;
    this.element = h(
      "section",
      { class: "panel-detection" },
      h("h2", {}, "Detection"),
      this.#rows,
      h(
        "ul",
        { class: "legend", "aria-label": "Boxes" },
        h("li", { "data-who": "relay" }, "Relay"),
        h("li", { "data-who": "client" }, "This browser"),
        h("li", { "data-who": "predicted" }, "Predicted"),
      ),
    );
    this.#poller = new Poller(async (signal) => {
      const answer = await ask(
        (url, init) => fetch(url, init),
        "/api/v1/detectors",
        parseDetectors,
        signal,
      );
      if (signal.aborted || answer.kind !== "ok") return false;
      this.#relay = answer.value;
      return true;
    }, pace);
  }

  /** Asks the relay for its detectors, now and every few seconds. */
  start(): void {
    this.#poller.start();
  }

  /** Asks no more. */
  stop(): void {
    this.#poller.stop();
  }

  /** Shows the state now. */
  update(player: PlayerSnapshot | null): void {
    const rows: [string, string][] = [];
    for (const d of this.#relay.detectors.filter((d) => d.stream === this.#stream)) {
      const where = this.#relay.provider === "" ? "relay" : `relay, ${this.#relay.provider}`;
      rows.push([
        `${d.model} (${where})`,
        `${d.rate.toFixed(1)}/s, ${milliseconds(d.latency50)}, 95 % ${milliseconds(d.latency95)}`,
      ]);
    }
    for (const d of player?.detectors ?? []) {
      rows.push([`${d.name} (this browser)`, `${d.rate.toFixed(1)}/s, ${milliseconds(d.latency)}`]);
    }
    const a = player?.annotations ?? null;
    if (a !== null) {
      const due = a.shown + a.missed;
      rows.push([
        "Pictures with their boxes",
        due === 0 ? "–" : `${count(a.shown)} of ${count(due)}`,
      ]);
      rows.push(["Boxes that came late", count(a.late)]);
      rows.push([
        "Held for boxes",
        a.held === 0 ? "none" : `${count(a.held)}, ${milliseconds(a.heldMs / a.held)} each`,
      ]);
    }
    if (rows.length === 0) rows.push(["Detectors", "none"]);
    const drawn = JSON.stringify(rows);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    fill(
      this.#rows,
      ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    );
  }
}
