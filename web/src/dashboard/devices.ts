// The devices that are registered with the relay (GB/T 28181), each with the
// tree of its channels, below the streams.

import { ask } from "./answer.ts";
import {
  children,
  type Device,
  type DeviceChannel,
  type Devices as DeviceList,
  parseDevice,
  parseDevices,
} from "./device-messages.ts";
import { type Child, fill, h, setText } from "./dom.ts";
import { plural } from "./format.ts";
import { Poller } from "./poller.ts";

const url = "/api/v1/gb28181/devices";

/** A tree deeper than this is cut: devices send loops, too. */
const maxDepth = 12;

/** A device has at most so many channels shown; the API has them all. */
const maxShown = 2000;

/** One device's line, with its tree while it is open. */
class Row {
  readonly element = h("details", { class: "device" });
  readonly #state = h("span", { class: "device-state" });
  readonly #title = h("span", { class: "device-name" });
  readonly #facts = h("span", { class: "device-facts" });
  readonly #tree = h("div", { class: "device-tree" });
  #device: Device | null = null;
  #drawn = "";

  constructor() {
    this.element.append(h("summary", {}, this.#state, this.#title, this.#facts), this.#tree);
    this.element.addEventListener("toggle", () => void this.#draw());
  }

  update(device: Device): void {
    this.#device = device;
    const state = device.refused !== "" ? "refused" : device.online ? "online" : "offline";
    this.element.dataset.state = state;
    setText(this.#state, state);
    setText(this.#title, device.name === "" ? device.id : `${device.name} (${device.id})`);
    const missing = device.missing > 0 ? `, ${device.missing} missing` : "";
    const facts =
      device.refused !== ""
        ? [device.refused, device.address]
        : [
            plural(device.channels, "channel") + missing,
            [device.manufacturer, device.model].filter(Boolean).join(" "),
            `${device.network} ${device.address}`,
          ];
    setText(this.#facts, facts.filter(Boolean).join(" · "));
    void this.#draw();
  }

  /** Asks for the tree when it is open and has changed. */
  async #draw(): Promise<void> {
    const device = this.#device;
    if (device === null || !this.element.open || device.refused !== "") return;
    const version = `${device.channels} ${device.cataloged ?? 0}`;
    if (version === this.#drawn) return;
    this.#drawn = version;
    const answer = await ask(
      (u, init) => fetch(u, init),
      `${url}/${encodeURIComponent(device.id)}`,
      parseDevice,
      new AbortController().signal,
    );
    if (answer.kind !== "ok") {
      this.#drawn = "";
      fill(this.#tree, h("p", {}, "The relay does not answer."));
      return;
    }
    const { tree } = answer.value;
    fill(
      this.#tree,
      tree.length === 0
        ? h("p", {}, "The device has told of no channels.")
        : branch(device.id, children(tree.slice(0, maxShown), device.id), device.id, 0),
      tree.length > maxShown &&
        h("p", {}, `and ${tree.length - maxShown} more; ${url}/${device.id} lists them all.`),
    );
  }
}

/** The entries below one node, and theirs. */
function branch(
  device: string,
  below: ReadonlyMap<string, readonly DeviceChannel[]>,
  parent: string,
  depth: number,
): Child {
  const entries = below.get(parent) ?? [];
  if (entries.length === 0 || depth > maxDepth) return null;
  return h(
    "ul",
    {},
    ...entries.map((c) => {
      const name = c.name === "" ? c.id : c.name;
      const off = c.status !== "" && c.status !== "ON" && c.status !== "OK";
      return h(
        "li",
        { class: off ? "channel off" : "channel" },
        c.camera ? h("a", { href: `/view/${device}.${c.id}` }, name) : h("span", {}, name),
        h("span", { class: "device-facts" }, off ? `${c.id} · ${c.status}` : c.id),
        c.id === parent ? null : branch(device, below, c.id, depth + 1),
      );
    }),
  );
}

/** The section of all devices; it asks while it is followed. */
export class Devices {
  readonly element = h("section", { class: "devices", "aria-label": "Devices" });
  readonly #title = h("h2", {}, "Devices");
  readonly #help = h("p", { class: "device-facts" });
  readonly #list = h("div", {});
  readonly #rows = new Map<string, Row>();
  readonly #poller: Poller;

  constructor() {
    this.element.hidden = true;
    this.element.append(this.#title, this.#help, this.#list);
    this.#poller = new Poller(
      async (signal) => {
        const answer = await ask((u, init) => fetch(u, init), url, parseDevices, signal);
        if (answer.kind === "ok") this.#update(answer.value);
        return answer.kind === "ok";
      },
      { interval: 5000, maxInterval: 30000 },
    );
  }

  /** Follows the devices of a relay that devices register with. */
  follow(following: boolean): void {
    if (following && this.element.hidden) {
      this.element.hidden = false;
      this.#poller.start();
    } else if (!following && !this.element.hidden) {
      this.element.hidden = true;
      this.#poller.stop();
    }
  }

  #update(list: DeviceList): void {
    const online = list.devices.filter((d) => d.online).length;
    setText(this.#title, `${plural(list.devices.length, "device")}, ${online} online`);
    setText(
      this.#help,
      `Devices register at ${list.listen}, platform ${list.id}, domain ${list.realm}.`,
    );
    const ids = new Set(list.devices.map((d) => d.id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    for (const device of list.devices.slice(0, maxShown)) {
      let row = this.#rows.get(device.id);
      if (row === undefined) {
        row = new Row();
        this.#rows.set(device.id, row);
        this.#list.append(row.element);
      }
      row.update(device);
    }
  }
}
