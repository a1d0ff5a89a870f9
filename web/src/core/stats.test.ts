import assert from "node:assert/strict";
import { test } from "node:test";
import { StatsPoller } from "./stats.ts";
import { candidatesOf } from "./whep.ts";

function reports(second: number): Map<string, Record<string, unknown>> {
  return new Map<string, Record<string, unknown>>([
    [
      "in",
      {
        type: "inbound-rtp",
        kind: "video",
        timestamp: 1000 * second,
        codecId: "codec",
        bytesReceived: 125_000 * second,
        packetsLost: 3,
        framesDecoded: 30 * second,
        totalDecodeTime: 0.06 * second,
        jitterBufferDelay: 0.3 * second,
        jitterBufferEmittedCount: 30 * second,
        frameWidth: 768,
        frameHeight: 432,
      },
    ],
    ["codec", { type: "codec", mimeType: "video/H264" }],
    ["transport", { type: "transport", selectedCandidatePairId: "pair" }],
    [
      "pair",
      {
        type: "candidate-pair",
        state: "succeeded",
        localCandidateId: "local",
        remoteCandidateId: "remote",
        currentRoundTripTime: 0.004,
      },
    ],
    ["local", { type: "local-candidate", protocol: "udp", port: 5000 }],
    ["remote", { type: "remote-candidate", protocol: "udp", address: "2001:db8::1", port: 8189 }],
  ]);
}

test("numbers are means between two polls", () => {
  const poller = new StatsPoller();
  poller.read(reports(1));
  assert.deepEqual(poller.read(reports(2)), {
    codec: "H.264",
    width: 768,
    height: 432,
    bitsPerSecond: 1_000_000,
    packetsLost: 3,
    framesDecoded: 60,
    jitterBuffer: 10,
    decode: 2,
    roundTrip: 4,
    candidates: ["udp (hidden):5000 -> udp [2001:db8::1]:8189 succeeded"],
  });
});

test("nothing measured is null, not zero", () => {
  const stats = new StatsPoller().read(new Map());
  assert.equal(stats.jitterBuffer, null);
  assert.equal(stats.decode, null);
  assert.equal(stats.roundTrip, null);
  assert.equal(stats.bitsPerSecond, 0);
  assert.deepEqual(stats.candidates, []);
});

test("candidates of an SDP, each once", () => {
  const sdp = [
    "v=0",
    "a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host",
    "a=candidate:1 2 UDP 2130706431 192.0.2.1 8189 typ host",
    "a=candidate:2 1 tcp 1671430143 2001:db8::1 8189 typ host tcptype passive",
    "a=end-of-candidates",
  ].join("\r\n");
  assert.deepEqual(candidatesOf(sdp), ["udp 192.0.2.1:8189", "tcp [2001:db8::1]:8189"]);
  assert.deepEqual(candidatesOf(""), []);
});
