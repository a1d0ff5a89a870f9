// The relay's messages about GB/T 28181 devices, each checked on arrival.

import {
  boolean,
  type Fields,
  list,
  number,
  object,
  optional,
  optionalString,
  optionalTime,
  string,
} from "./check.ts";

/** A device as the list has it. */
export interface Device {
  readonly id: string;
  readonly online: boolean;
  /** udp or tcp; empty for a device that was refused. */
  readonly network: string;
  readonly address: string;
  readonly name: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly channels: number;
  /** Channels that the device has announced and not sent. */
  readonly missing: number;
  /** When its catalog was complete; null before. */
  readonly cataloged: number | null;
  /** Why it could not register; empty for one that did. */
  readonly refused: string;
}

/** An entry of a device's tree. */
export interface DeviceChannel {
  readonly id: string;
  readonly name: string;
  readonly parent: string;
  readonly status: string;
  /** It can be watched; otherwise it is a node of the tree alone. */
  readonly camera: boolean;
}

/** The platform's settings and its devices. */
export interface Devices {
  readonly id: string;
  readonly realm: string;
  readonly listen: string;
  readonly devices: readonly Device[];
}

/** A device with its tree. */
export interface DeviceTree extends Device {
  readonly tree: readonly DeviceChannel[];
}

function optionalNumber(from: Fields, key: string): number {
  return from.values[key] === undefined ? 0 : number(from, key);
}

function device(value: unknown, path = ""): Device {
  const f = object(value, path);
  return {
    id: string(f, "id"),
    online: boolean(f, "online"),
    network: optionalString(f, "network"),
    address: optionalString(f, "address"),
    name: optionalString(f, "name"),
    manufacturer: optionalString(f, "manufacturer"),
    model: optionalString(f, "model"),
    channels: number(f, "channels"),
    missing: optionalNumber(f, "channels_missing"),
    cataloged: optionalTime(f, "cataloged"),
    refused: optionalString(f, "refused"),
  };
}

function channel(value: unknown, path: string): DeviceChannel {
  const f = object(value, path);
  return {
    id: string(f, "id"),
    name: string(f, "name"),
    parent: optionalString(f, "parent"),
    status: optionalString(f, "status"),
    camera: boolean(f, "camera"),
  };
}

/** Reads the answer of GET /api/v1/gb28181/devices. */
export function parseDevices(value: unknown): Devices {
  const f = object(value);
  const platform = optional(f, "platform", (v, p) => {
    const t = object(v, p);
    return { id: string(t, "id"), realm: string(t, "realm"), listen: string(t, "listen") };
  });
  return {
    id: platform?.id ?? "",
    realm: platform?.realm ?? "",
    listen: platform?.listen ?? "",
    devices: list(f, "devices", device),
  };
}

/** Reads the answer of GET /api/v1/gb28181/devices/{device}. */
export function parseDevice(value: unknown): DeviceTree {
  const f = object(value);
  const tree = f.values.tree === undefined ? [] : list(f, "tree", channel);
  return { ...device(value), tree };
}

/** The channels by the node above them; those whose node is missing are at the top. */
export function children(
  tree: readonly DeviceChannel[],
  top: string,
): ReadonlyMap<string, readonly DeviceChannel[]> {
  const ids = new Set(tree.map((c) => c.id));
  const out = new Map<string, DeviceChannel[]>();
  for (const c of tree) {
    const parent = ids.has(c.parent) && c.parent !== c.id ? c.parent : top;
    const list = out.get(parent);
    if (list === undefined) out.set(parent, [c]);
    else list.push(c);
  }
  return out;
}
