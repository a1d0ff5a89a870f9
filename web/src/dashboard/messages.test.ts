import assert from "node:assert/strict";
import { test } from "node:test";
import sample from "../../../relay/hub/testdata/info.json" with { type: "json" };
import { CheckError } from "./check.ts";
import { isStreamName, parseProblem, parseRelay, parseStream, parseStreams } from "./messages.ts";

/** A stream as the relay writes it. */
const gate = {
  name: "gate",
  state: "live",
  since: "2026-01-02T15:04:05.123Z",
  source: "rtsp://camera.example/stream1",
  on_demand: true,
  epoch: 7,
  video: {
    codec: "h264",
    profile: "High",
    width: 1920,
    height: 1080,
    fps: 24.9,
    gop_s: 2,
    bits_per_s: 4e6,
    transport: "udp",
  },
  viewers: 2,
  restarts: 1,
  received: {
    packets: 10,
    bytes: 1000,
    lost: 3,
    frames: 5,
    key_frames: 1,
    frames_dropped: 4,
    jitter_ms: 1,
  },
  ring: { seconds: 1, bytes: 2, packets: 3 },
  conditions: null,
};

const reason = {
  code: "source-unreachable",
  severity: "error",
  title: "The camera does not answer",
  text: "no route to host",
  fix: "Check its power.",
  since: "2026-01-02T15:04:05Z",
};

test("a stream of the relay is read", () => {
  const stream = parseStream({ ...gate, conditions: [reason] });
  assert.equal(stream.name, "gate");
  assert.equal(stream.since, Date.parse("2026-01-02T15:04:05.123Z"));
  assert.equal(stream.retryAt, null);
  assert.equal(stream.video?.bitsPerSecond, 4e6);
  assert.equal(stream.lost, 3);
  assert.equal(stream.framesDropped, 4);
  assert.deepEqual(stream.conditions, [reason]);
});

test("losses say where and why", () => {
  const summary = "12 lost: 9 kernel SOCKET_RCVBUFF, 3 upstream";
  const lossy = parseStream({
    ...gate,
    loss: { lost: 12, upstream: 3, tcp_out_of_order: 0, summary },
  });
  assert.equal(lossy.lost, 12);
  assert.equal(lossy.lossSummary, summary);
  assert.equal(parseStream(gate).lossSummary, "");
  const none = { lost: 0, tcp_out_of_order: 0, summary: "0 lost" };
  assert.equal(parseStream({ ...gate, loss: none }).lossSummary, "");
  const late = { lost: 0, tcp_out_of_order: 7, summary: "0 lost; 7 TCP segments out of order" };
  assert.equal(parseStream({ ...gate, loss: late }).lossSummary, late.summary);
});

test("null and absent lists are empty", () => {
  assert.deepEqual(parseStream(gate).conditions, []);
  assert.deepEqual(parseStreams({ streams: null }), []);
  assert.deepEqual(parseStreams({}), []);
});

test("fields of a newer relay are ignored", () => {
  assert.equal(parseStream({ ...gate, weather: { rain: true } }).name, "gate");
});

test("a condition that follows from another is left out", () => {
  const follows = { ...reason, code: "stream-not-ready", depends_on: "source-unreachable" };
  assert.deepEqual(
    parseStream({ ...gate, conditions: [follows, reason] }).conditions.map((c) => c.code),
    ["source-unreachable"],
  );
  const alone = { ...follows, depends_on: "source-silent" };
  assert.equal(parseStream({ ...gate, conditions: [alone] }).conditions.length, 1);
});

test("a refused message names the field, the value and the rule", () => {
  const rows: readonly (readonly [unknown, string])[] = [
    [null, "message is null; it must be an object"],
    [[], "message is []; it must be an object"],
    [{ streams: {} }, "streams is {}; it must be a list"],
    [{ streams: [7] }, "streams[0] is 7; it must be an object"],
    [{ streams: [{ ...gate, name: "a b" }] }, 'streams[0].name is "a b"; it must match'],
    [{ streams: [{ ...gate, name: "../x" }] }, 'streams[0].name is "../x"; it must match'],
    [{ streams: [{ ...gate, state: "up" }] }, 'streams[0].state is "up"; it must be one of idle,'],
    [
      { streams: [gate, { ...gate, viewers: -1 }] },
      "streams[1].viewers is -1; it must be a number",
    ],
    [{ streams: [{ ...gate, since: "soon" }] }, 'streams[0].since is "soon"; it must be a time'],
    [
      { streams: [{ ...gate, on_demand: "yes" }] },
      'streams[0].on_demand is "yes"; it must be true',
    ],
    [
      { streams: [{ ...gate, video: { ...gate.video, width: "wide" } }] },
      'streams[0].video.width is "wide"; it must be a number',
    ],
    [
      { streams: [{ ...gate, conditions: [{ ...reason, severity: "fatal" }] }] },
      'streams[0].conditions[0].severity is "fatal"; it must be one of error, warning, info',
    ],
  ];
  for (const [message, want] of rows) {
    assert.throws(
      () => parseStreams(message),
      (error) => error instanceof CheckError && error.message.startsWith(want),
      want,
    );
  }
});

test("long values are cut in messages", () => {
  assert.throws(
    () => parseStreams({ streams: "x".repeat(5000) }),
    (error) => error instanceof CheckError && error.message.length < 120,
  );
});

test("the relay tells about itself", () => {
  const relay = parseRelay({
    version: "0.1.0",
    started: "2026-01-02T15:04:05Z",
    webrtc_port: 8189,
    tls: { mode: "auto", ca: "/ca.pem" },
    urls: ["https://relay.example:8080/"],
    conditions: [],
  });
  assert.equal(relay.webrtcPort, 8189);
  assert.equal(relay.tlsMode, "auto");
  assert.deepEqual(relay.urls, ["https://relay.example:8080/"]);
  assert.equal(parseRelay({ version: "1", webrtc_port: 0 }).tlsMode, "off");
  assert.throws(() => parseRelay({ version: "1", webrtc_port: 0, urls: [1] }), /urls\[0\] is 1/);
});

test("a problem is a condition", () => {
  assert.deepEqual(
    parseProblem({
      title: "No such stream",
      detail: "gate",
      code: "stream-unknown",
      fix: "Add it.",
    }),
    {
      code: "stream-unknown",
      severity: "error",
      title: "No such stream",
      text: "gate",
      fix: "Add it.",
    },
  );
  assert.throws(() => parseProblem("<html>"), CheckError);
});

test("names of streams", () => {
  for (const name of ["a", "gate-1", "A.b_c", "x".repeat(64)]) assert.ok(isStreamName(name), name);
  for (const name of ["", ".", "..", "a/b", "ä", "x".repeat(65), "a b"]) {
    assert.ok(!isStreamName(name), name);
  }
});

test("the relay's own sample of a stream", () => {
  const stream = parseStream(sample);
  assert.equal(stream.name, sample.name);
  assert.equal(stream.state, sample.state);
  assert.equal(stream.video?.profile, sample.video.profile);
  assert.equal(stream.lost, sample.received.lost);
  assert.deepEqual(
    stream.conditions.map((c) => c.code),
    sample.conditions.map((c) => c.code),
  );
});
