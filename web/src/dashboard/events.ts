// The list of events with their pictures, newest first, by stream and kind.

import "./events.css";
import { ask } from "./answer.ts";
import { fill, h, setText } from "./dom.ts";
import {
  type EventInfo,
  type EventPage,
  eventNames,
  eventTitle,
  originNames,
  parseEvents,
} from "./event-messages.ts";
import { duration } from "./format.ts";
import { Poller } from "./poller.ts";

const pace = { interval: 3000, maxInterval: 30_000 };
const pageSize = 12;

/** The kinds that can be chosen; the relay may know more. */
const kinds: readonly (readonly [string, string])[] = [
  ["", "All events"],
  ["object", "Objects"],
  ...Object.entries(eventNames),
];

/** A section that fills itself; it hides while there are no events. */
export class EventList {
  readonly element: HTMLElement;
  readonly #stream: string;
  readonly #list = h("ol", { class: "events" });
  readonly #more = h("button", { class: "button text", type: "button" }, "Older events");
  readonly #kind = h("select", { "aria-label": "Kind of event" });
  readonly #poller: Poller;
  #older: EventInfo[] = [];
  #newest: EventPage = { events: [], next: "" };
  #next = "";
  #drawn = "";

  /** Lists one stream's events, or all with an empty name. */
  constructor(stream: string) {
    this.#stream = stream;
    for (const [value, name] of kinds) this.#kind.append(h("option", { value }, name));
    this.element = h(
      "section",
      { class: "event-section", "aria-label": "Events", hidden: true },
      h("header", {}, h("h2", {}, "Events"), this.#kind),
      this.#list,
      this.#more,
    );
    this.#poller = new Poller((signal) => this.#ask(signal), pace);
    this.#kind.addEventListener("change", () => {
      this.#older = [];
      this.#next = "";
      this.#poller.start();
    });
    this.#more.addEventListener("click", () => void this.#askOlder());
  }

  /** Asks for events, now and every few seconds. */
  start(): void {
    this.#poller.start();
  }

  /** Asks no more. */
  stop(): void {
    this.#poller.stop();
  }

  #url(cursor: string): string {
    const query = new URLSearchParams({ limit: String(pageSize) });
    if (this.#stream !== "") query.set("stream", this.#stream);
    if (this.#kind.value !== "") query.set("kind", this.#kind.value);
    if (cursor !== "") query.set("cursor", cursor);
    return `/api/v1/events?${query}`;
  }

  async #ask(signal: AbortSignal): Promise<boolean> {
    const answer = await ask((url, init) => fetch(url, init), this.#url(""), parseEvents, signal);
    if (signal.aborted || answer.kind !== "ok") return false;
    this.#newest = answer.value;
    if (this.#older.length === 0) this.#next = answer.value.next;
    this.#draw();
    return true;
  }

  async #askOlder(): Promise<void> {
    const { signal } = new AbortController();
    const answer = await ask(
      (url, init) => fetch(url, init),
      this.#url(this.#next),
      parseEvents,
      signal,
    );
    if (answer.kind !== "ok") return;
    // What the first page shows now may leave it later.
    this.#older = [...this.#all(), ...answer.value.events];
    this.#next = answer.value.next;
    this.#draw();
  }

  #all(): EventInfo[] {
    const fresh = new Set(this.#newest.events.map((e) => e.id));
    return [...this.#newest.events, ...this.#older.filter((e) => !fresh.has(e.id))];
  }

  #draw(): void {
    const all = this.#all();
    this.element.hidden = all.length === 0 && this.#kind.value === "";
    this.#more.hidden = this.#next === "";
    const drawn = JSON.stringify(all);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    fill(this.#list, ...all.map((e) => this.#item(e)));
    if (all.length === 0) fill(this.#list, h("li", { class: "resting" }, "No such events."));
  }

  #item(e: EventInfo): HTMLElement {
    const began = e.began === null ? null : new Date(e.began);
    const time = h("time", { datetime: began?.toISOString() ?? "" });
    setText(time, began?.toLocaleString() ?? "");
    const lasted =
      e.state === "began"
        ? "goes on"
        : e.ended !== null && e.began !== null
          ? duration(e.ended - e.began)
          : "";
    const picture =
      e.snapshot === ""
        ? h("span", { class: "no-picture" })
        : h("img", {
            src: e.snapshot,
            alt: `Picture of ${eventTitle(e)}`,
            loading: "lazy",
            decoding: "async",
          });
    return h(
      "li",
      { "data-event": e.id, "data-kind": e.kind },
      e.snapshot === "" ? picture : h("a", { href: e.snapshot, target: "_blank" }, picture),
      h(
        "div",
        { class: "event-text" },
        h("b", {}, eventTitle(e)),
        this.#stream === "" && h("a", { href: `/view/${encodeURIComponent(e.stream)}` }, e.stream),
        time,
        h(
          "span",
          { class: "event-more" },
          [lasted, originNames[e.origin]].filter(Boolean).join(", "),
        ),
      ),
    );
  }
}
