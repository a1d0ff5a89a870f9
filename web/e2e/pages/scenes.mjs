// States of a relay for tests of the pages.

const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();

/** A stream as GET /api/v1/streams tells it; `more` replaces parts. */
export function stream(name, more = {}) {
  return {
    name,
    state: "live",
    since: ago(4210),
    source: `rtsp://viewer:***@${name}.cams.example/stream1`,
    on_demand: true,
    epoch: 7,
    viewers: 1,
    restarts: 0,
    video: {
      codec: "h264",
      profile: "Main",
      width: 1280,
      height: 720,
      fps: 25,
      gop_s: 2,
      bits_per_s: 3.1e6,
      transport: "tcp",
    },
    received: {
      packets: 90210,
      bytes: 9e7,
      lost: 0,
      frames: 25000,
      key_frames: 500,
      frames_dropped: 0,
      jitter_ms: 1,
    },
    ring: { seconds: 4, bytes: 1e6, packets: 900 },
    conditions: [],
    ...more,
  };
}

/** A stream that failed, with its reason. */
export function failed(name, condition, more = {}) {
  return stream(name, {
    state: "failed",
    video: undefined,
    viewers: 0,
    conditions: [condition],
    ...more,
  });
}

export const unauthorized = {
  code: "source-unauthorized",
  severity: "error",
  title: "The camera refuses the user name or password",
  text: "rtsp://yard.cams.example/stream1 answered 401 Unauthorized to user viewer.",
  fix: "Set user and password_env or password_file of the stream's source; it is tried again once a minute.",
  since: ago(600),
};

export const unreachable = {
  code: "source-unreachable",
  severity: "error",
  title: "The camera does not answer",
  text: "dial tcp 192.168.1.64:554: connect: no route to host",
  fix: "Check that the camera has power and network, and the address and port in the stream's source.",
  since: ago(95),
};

export const silent = {
  code: "source-silent",
  severity: "error",
  title: "The camera is connected but sends nothing",
  text: "No packet for 6 s on TCP.",
  fix: "Restart the camera; the relay reconnects by itself.",
};

export const loss = {
  code: "source-loss",
  severity: "warning",
  title: "Packets are lost on the way from the camera",
  text: "412 of 18,200 packets in the last minute, over UDP.",
  fix: "Check the camera's network, or set transport: tcp.",
};

export const notConnected = {
  code: "viewer-not-connected",
  severity: "error",
  title: "No network path to the relay",
  text: "No pair of addresses connected within 5 s.",
  fix: "Open the relay's WebRTC port (webrtc.port, UDP and TCP) between the viewer and the relay.",
};

/** A player that plays. */
export const playing = {
  phase: "playing",
  rung: "processor",
  rungReason: "WebGPU and MediaStreamTrackProcessor are here",
  fps: 25,
  width: 1280,
  height: 720,
  codec: "H264",
  bitsPerSecond: 3.08e6,
  packetsLost: 3,
  framesDropped: 12,
  latency: { camera: 38, network: 0.6, jitterBuffer: 7.4, decode: 3.1, gpu: 4.2, total: 53.3 },
  adapter: "NVIDIA RTX A2000 (ampere)",
  path: "planes",
  keySource: "frame-metadata",
  rtp: 2483920331,
};

export const relay = {
  version: "0.1.0",
  started: ago(86400),
  webrtc_port: 8189,
  tls: { mode: "auto", ca: "/ca.pem" },
  urls: ["http://127.0.0.1:8080/", "https://relay.example:8080/"],
  conditions: [],
};

/** A site with something of everything. */
export function site() {
  return {
    streams: [
      stream("gate"),
      stream("lobby"),
      stream("loading-dock", {
        received: { lost: 412, frames_dropped: 9 },
        loss: {
          lost: 412,
          tcp_out_of_order: 0,
          summary: "412 lost: 400 kernel SOCKET_RCVBUFF, 12 upstream",
        },
        conditions: [loss],
      }),
      failed("yard", unauthorized, { retry_at: new Date(Date.now() + 42000).toISOString() }),
      stream("parking-1"),
      stream("parking-2", { state: "stalled", conditions: [silent] }),
      failed("roof", unreachable, {
        state: "backoff",
        retry_at: new Date(Date.now() + 8000).toISOString(),
      }),
      stream("archive", { state: "idle", video: undefined, viewers: 0 }),
      stream("demo"),
    ],
    players: {
      gate: playing,
      lobby: playing,
      "loading-dock": playing,
      "parking-1": playing,
      "parking-2": { ...playing, phase: "stalled", frames: 900, fps: 0 },
      demo: playing,
    },
    relay,
    broken: false,
  };
}
