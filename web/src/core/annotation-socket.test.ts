import assert from "node:assert/strict";
import { test } from "node:test";
import { AnnotationSocket, annotationURL, type Socket } from "./annotation-socket.ts";

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  readyState = 0;
  closed = false;
  readonly sent: Record<string, unknown>[] = [];
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.closed = true;
  }
  welcome(resumed = "none", seq = 0): void {
    this.readyState = 1;
    this.onopen?.();
    this.get({
      v: 1,
      type: "welcome",
      heartbeat_s: 5,
      streams: [{ stream: "gate", epoch: 7, seq, resumed }],
    });
  }
  get(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

function world() {
  const sockets: FakeSocket[] = [];
  const timers: { ms: number; callback: () => void }[] = [];
  const taken: string[] = [];
  const problems: string[] = [];
  const socket = new AnnotationSocket(
    "ws://relay/api/v1/ws",
    {
      open: () => {
        const s = new FakeSocket();
        sockets.push(s);
        return s;
      },
      after: (ms, callback) => {
        const timer = { ms, callback };
        timers.push(timer);
        return () => {
          const i = timers.indexOf(timer);
          if (i >= 0) timers.splice(i, 1);
        };
      },
    },
    (text) => taken.push(text),
    (text) => problems.push(text),
  );
  const latest = () => sockets.at(-1) as FakeSocket;
  const fire = () => timers.shift()?.callback();
  return { socket, sockets, timers, taken, problems, latest, fire };
}

const analysing = (seq: number) => ({
  seq,
  v: 1,
  type: "analysing",
  stream: "gate",
  epoch: 7,
  rtp: 90 * seq,
});

test("one connection serves all players of a stream, and ends with the last", () => {
  const w = world();
  w.socket.want("gate");
  w.socket.want("gate");
  assert.equal(w.sockets.length, 1);
  w.latest().welcome();
  assert.deepEqual(w.latest().sent, [
    { v: 1, type: "hello", token: "", streams: [{ name: "gate" }] },
  ]);
  w.socket.want("yard");
  assert.equal(w.latest().sent[1]?.type, "subscribe");
  w.socket.drop("gate");
  assert.equal(w.latest().closed, false);
  w.socket.drop("gate");
  assert.deepEqual(w.latest().sent[2]?.streams, [{ name: "yard" }]);
  w.socket.drop("yard");
  assert.equal(w.latest().closed, true);
  assert.equal(w.timers.length, 0);
});

test("a lost connection is opened anew and goes on where it was", () => {
  const w = world();
  w.socket.want("gate");
  w.latest().welcome();
  w.latest().get(analysing(41));
  w.latest().get(analysing(42));
  assert.equal(w.taken.length, 2);
  w.latest().onclose?.();
  assert.equal(w.timers.length, 1);
  w.fire();
  assert.equal(w.sockets.length, 2);
  w.latest().welcome("all", 50);
  assert.deepEqual(w.latest().sent[0]?.streams, [{ name: "gate", epoch: 7, seq: 42 }]);
});

test("a relay that says nothing any more is left", () => {
  const w = world();
  w.socket.want("gate");
  w.latest().welcome();
  assert.equal(w.timers.length, 1);
  assert.equal(w.timers[0]?.ms, 15_000);
  w.fire();
  assert.equal(w.sockets[0]?.closed, true);
  w.fire();
  assert.equal(w.sockets.length, 2);
});

test("what is not valid is told and not handed on", () => {
  const w = world();
  w.socket.want("gate");
  w.latest().welcome();
  w.latest().get({ ...analysing(1), rtp: -1 });
  w.latest().onmessage?.({ data: "{" });
  w.latest().get({
    v: 1,
    type: "error",
    code: "stream-unknown",
    stream: "gate",
    text: "no such stream",
  });
  w.latest().get({ v: 9, type: "analysing" });
  assert.equal(w.taken.length, 0);
  assert.equal(w.problems.length, 3);
});

test("reports go out only while there is a connection", () => {
  const w = world();
  w.socket.want("gate");
  assert.equal(w.socket.report("{}"), false);
  w.latest().welcome();
  assert.equal(w.socket.report('{"type":"event"}'), true);
  assert.equal(w.latest().sent.at(-1)?.type, "event");
});

test("the address", () => {
  assert.equal(
    annotationURL("https://relay.example:8443/view/gate"),
    "wss://relay.example:8443/api/v1/ws",
  );
  assert.equal(annotationURL("http://127.0.0.1:8080"), "ws://127.0.0.1:8080/api/v1/ws");
});
