import assert from "node:assert/strict";
import { test } from "node:test";
import { CheckError } from "./check.ts";
import { children, parseDevice, parseDevices } from "./device-messages.ts";

const device = {
  id: "34020000001110000001",
  online: true,
  network: "udp",
  address: "127.0.0.1:40000",
  name: "Gate",
  channels: 2,
  channels_missing: 1,
  cataloged: "2026-01-02T15:04:05Z",
};

const channel = { id: "34020000001310000001", name: "东门", parent: device.id, camera: true };

test("the list of devices", () => {
  const platform = { id: "34020000002000000001", realm: "3402000000", listen: "127.0.0.1:5060" };
  const refused = { id: "2", online: false, channels: 0, refused: "wrong password" };
  const list = parseDevices({ platform, devices: [device, refused] });
  assert.equal(list.realm, "3402000000");
  assert.equal(list.devices[0]?.missing, 1);
  assert.equal(list.devices[0]?.refused, "");
  assert.equal(list.devices[1]?.refused, "wrong password");
  assert.deepEqual(parseDevices({ devices: [] }).devices, []);
  assert.throws(() => parseDevices({ devices: [{ ...device, online: "yes" }] }), CheckError);
});

test("one device with its tree", () => {
  const group = { ...channel, id: "34020000002160000001", name: "Yard", camera: false };
  const inside = { ...channel, id: "34020000001310000002", parent: group.id };
  const lost = { ...channel, id: "34020000001310000003", parent: "nobody" };
  const { tree } = parseDevice({ ...device, tree: [channel, group, inside, lost] });
  const below = children(tree, device.id);
  assert.deepEqual(
    below.get(device.id)?.map((c) => c.id),
    [channel.id, group.id, lost.id],
  );
  assert.deepEqual(
    below.get(group.id)?.map((c) => c.name),
    ["东门"],
  );
  assert.deepEqual(parseDevice(device).tree, []);
});
