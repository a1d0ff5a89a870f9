// The numbers of one stream: what the player measures, where the delay comes
// from, what was lost and where.

import type { Latency, PlayerSnapshot, Rung } from "../core/snapshot.ts";
import { h, setText } from "./dom.ts";
import {
  bitRate,
  codec,
  count,
  duration,
  frameRate,
  milliseconds,
  resolution,
  unknown,
} from "./format.ts";
import { History, points } from "./history.ts";
import { type Stage, stages, widths } from "./latency.ts";
import type { StreamInfo } from "./messages.ts";

const rungNames: Readonly<Record<Rung, string>> = {
  processor: "GPU, track processor",
  "worker-track": "GPU, track in worker",
  video: "video element",
};

const pathNames: Readonly<Record<string, string>> = {
  planes: "storage buffers",
  external: "external texture",
};

const keyNames: Readonly<Record<PlayerSnapshot["keySource"], string>> = {
  "frame-metadata": "frame metadata, exact",
  "script-transform": "encoded frame, exact",
  "video-callback": "video callback, exact",
  none: "none, overlay approximate",
};

/** A row of a table: its value is set later. */
function row(table: HTMLElement, name: string, id: string): HTMLElement {
  const value = h("dd", { "data-field": id }, unknown);
  table.append(h("div", {}, h("dt", {}, name), value));
  return value;
}

function chart(): { box: SVGSVGElement; line: SVGPolylineElement } {
  const ns = "http://www.w3.org/2000/svg";
  const box = document.createElementNS(ns, "svg");
  box.setAttribute("class", "trend");
  box.setAttribute("viewBox", "0 0 100 24");
  box.setAttribute("preserveAspectRatio", "none");
  box.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(ns, "polyline");
  box.append(line);
  return { box, line };
}

/** A large number with the last minute beneath it. */
class Figure {
  readonly element: HTMLElement;
  readonly #value: HTMLElement;
  readonly #chart = chart();
  readonly #history = new History(60);

  constructor(name: string, id: string) {
    this.#value = h("dd", { "data-field": id }, unknown);
    this.element = h("div", { class: "figure" }, h("dt", {}, name), this.#value);
    this.element.append(this.#chart.box);
  }

  update(text: string, value: number | null, second: number): void {
    setText(this.#value, text);
    if (this.#history.add(second, value)) {
      this.#chart.line.setAttribute("points", points(this.#history.values, 60, 100, 24));
    }
  }
}

/** The panel; draw it again with each new state. */
export class Panel {
  /** The element to put into the page. */
  readonly element: HTMLElement;
  readonly #fps = new Figure("Frame rate", "fps");
  readonly #delay = new Figure("Delay", "total");
  readonly #rate = new Figure("Bit rate", "bitrate");
  readonly #bar = h("div", { class: "delay-bar", role: "img" });
  readonly #segments = new Map<Stage, HTMLElement>();
  readonly #stages = new Map<Stage, HTMLElement>();
  readonly #rows: Readonly<Record<string, HTMLElement>>;

  constructor(label: string) {
    const delays = h("dl", { class: "rows stages" });
    for (const stage of stages) {
      const segment = h("span", { "data-stage": stage.id });
      this.#bar.append(segment);
      this.#segments.set(stage.id, segment);
      const value = row(delays, stage.name, stage.id);
      value.parentElement?.setAttribute("data-stage", stage.id);
      this.#stages.set(stage.id, value);
    }
    const picture = h("dl", { class: "rows" });
    const loss = h("dl", { class: "rows" });
    const drawing = h("dl", { class: "rows" });
    const stream = h("dl", { class: "rows" });
    this.#rows = {
      resolution: row(picture, "Resolution", "resolution"),
      codec: row(picture, "Codec", "codec"),
      rtp: row(picture, "RTP timestamp", "rtp"),
      lost: row(loss, "Lost packets, relay to here", "lost"),
      upstream: row(loss, "Lost packets, camera to relay", "upstream"),
      dropped: row(loss, "Frames dropped here", "dropped"),
      damaged: row(loss, "Frames dropped at the relay", "damaged"),
      rung: row(drawing, "Rung", "rung"),
      reason: row(drawing, "Why", "reason"),
      adapter: row(drawing, "Adapter", "adapter"),
      path: row(drawing, "Pixels", "path"),
      key: row(drawing, "Frame key", "key"),
      state: row(stream, "In this state for", "state"),
      source: row(stream, "Source", "source"),
      transport: row(stream, "Transport", "transport"),
      gop: row(stream, "Key frame every", "gop"),
      viewers: row(stream, "Viewers", "viewers"),
      restarts: row(stream, "Restarts", "restarts"),
    };
    this.element = h(
      "aside",
      { class: "panel", "aria-label": label, tabindex: 0 },
      h("dl", { class: "figures" }, this.#delay.element, this.#fps.element, this.#rate.element),
      h("section", { class: "panel-delay" }, h("h2", {}, "Delay by stage"), this.#bar, delays),
      h("section", {}, h("h2", {}, "Picture"), picture),
      h("section", {}, h("h2", {}, "Loss"), loss),
      h("section", {}, h("h2", {}, "Drawing"), drawing),
      h("section", { class: "panel-stream" }, h("h2", {}, "Stream"), stream),
    );
  }

  /** Shows the state now. */
  update(stream: StreamInfo | null, player: PlayerSnapshot | null): void {
    const second = Math.floor(Date.now() / 1000);
    const playing = player?.phase === "playing";
    const video = stream?.video ?? null;
    const fps = playing ? player.fps : null;
    this.#fps.update(fps === null ? unknown : frameRate(fps), fps, second);
    const total = playing ? player.latency.total : null;
    this.#delay.update(milliseconds(total), total, second);
    const bits = playing ? player.bitsPerSecond : null;
    this.#rate.update(bitRate(bits ?? 0), bits, second);
    this.#drawStages(playing ? player.latency : null);
    const width = player?.width || video?.width || 0;
    const height = player?.height || video?.height || 0;
    this.#set("resolution", resolution(width, height));
    this.#set("codec", codec(player?.codec || video?.codec || "", video?.profile));
    this.#set("rtp", typeof player?.rtp === "number" ? String(player.rtp) : unknown);
    this.#set("lost", player === null ? unknown : count(player.packetsLost));
    this.#set("upstream", stream === null ? unknown : stream.lossSummary || count(stream.lost));
    this.#set("dropped", player === null ? unknown : count(player.framesDropped));
    this.#set("damaged", stream === null ? unknown : count(stream.framesDropped));
    const rung = player?.rung ?? null;
    this.#set("rung", rung === null ? unknown : rungNames[rung]);
    this.#set("reason", player?.rungReason || unknown);
    this.#set("adapter", player?.adapter || unknown);
    const path = player?.path ?? "";
    this.#set("path", path === "" ? unknown : (pathNames[path] ?? path));
    this.#set("key", player === null || rung === null ? unknown : keyNames[player.keySource]);
    const since = stream?.since ?? null;
    this.#set("state", since === null ? unknown : duration(Date.now() - since));
    this.#set("source", stream?.source || unknown);
    this.#set("transport", video?.transport.toUpperCase() || unknown);
    this.#set(
      "gop",
      video !== null && video.gopSeconds > 0 ? `${video.gopSeconds.toFixed(1)} s` : unknown,
    );
    this.#set("viewers", stream === null ? unknown : count(stream.viewers));
    this.#set("restarts", stream === null ? unknown : count(stream.restarts));
  }

  #set(name: string, text: string): void {
    const element = this.#rows[name];
    if (element !== undefined) setText(element, text);
  }

  #drawStages(latency: Latency | null): void {
    const share = widths(latency);
    const spoken: string[] = [];
    for (const stage of stages) {
      const ms = latency?.[stage.id] ?? null;
      const value = this.#stages.get(stage.id);
      if (value !== undefined) setText(value, milliseconds(ms));
      this.#segments
        .get(stage.id)
        ?.style.setProperty("flex-grow", String(share.get(stage.id) ?? 0));
      if (ms !== null) spoken.push(`${stage.name} ${milliseconds(ms)}`);
    }
    this.#bar.setAttribute("aria-label", spoken.join(", ") || "Delay not known");
  }
}
