// A wire between relay and camera that counts the RTCP packets that the relay sends to the camera
// over TCP (RFC 2326 section 10.12).

import { connect, createServer } from "node:net";

/** Starts a tap in front of a camera; give the relay the tap's address. */
export async function startTap(camera) {
  /** Counts by packet type, feedback messages as "type/format" (RFC 4585 section 6.1). */
  const sent = {};
  const sockets = new Set();
  const server = createServer((near) => {
    const far = connect(camera.port, "127.0.0.1");
    const reader = new InterleavedReader((payload) => count(sent, payload));
    near.on("data", (data) => reader.push(data));
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        near.destroy();
        far.destroy();
        sockets.delete(socket);
      });
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    sent,
    url: `rtsp://127.0.0.1:${server.address().port}/cam`,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Counts the packets of a compound RTCP packet. */
function count(sent, payload) {
  for (let at = 0; at + 4 <= payload.length; ) {
    const type = payload[at + 1];
    const feedback = type === 205 || type === 206;
    const name = feedback ? `${type}/${payload[at] & 31}` : String(type);
    sent[name] = (sent[name] ?? 0) + 1;
    at += 4 * (payload.readUInt16BE(at + 2) + 1);
  }
}

/** Finds the interleaved frames among the requests of a client. */
class InterleavedReader {
  #rest = Buffer.alloc(0);
  #frame;

  constructor(frame) {
    this.#frame = frame;
  }

  push(data) {
    let rest = Buffer.concat([this.#rest, data]);
    for (;;) {
      const length = this.#take(rest);
      if (length === 0) break;
      rest = rest.subarray(length);
    }
    this.#rest = rest;
  }

  /** Length of the frame or request at the start, 0 while it is not whole. */
  #take(rest) {
    if (rest.length < 4) return 0;
    if (rest[0] === 0x24) {
      const length = 4 + rest.readUInt16BE(2);
      if (rest.length < length) return 0;
      this.#frame(rest.subarray(4, length));
      return length;
    }
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) return 0;
    const header = rest.subarray(0, end).toString("latin1");
    const body = Number(/^content-length:\s*(\d+)/im.exec(header)?.[1] ?? 0);
    return rest.length < end + 4 + body ? 0 : end + 4 + body;
  }
}
