import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, type Fetch } from "./answer.ts";
import { linkCondition } from "./banners.ts";
import { parseStreams } from "./messages.ts";
import { RelayFeed } from "./relay-feed.ts";

const relay = { version: "1", webrtc_port: 8189, conditions: [] };

function json(value: unknown, status = 200): Promise<Response> {
  return Promise.resolve(new Response(JSON.stringify(value), { status }));
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

/** A feed that is asked by hand: each call of `turn` is one question. */
function feedOf(answer: (url: string) => Promise<Response>) {
  let time = 1000;
  let next: (() => void) | null = null;
  const feed = new RelayFeed("/api/v1/streams", parseStreams, (url) => answer(url), {
    now: () => time,
    after: (_, callback) => {
      next = callback;
      return () => {
        next = null;
      };
    },
  });
  return {
    feed,
    turn: async (ms = 2000) => {
      time += ms;
      if (next === null) feed.start();
      else next();
      await settle();
      return feed.knowledge.get();
    },
  };
}

test("each way an answer can end is told apart", async () => {
  const signal = new AbortController().signal;
  const outcome = (fetch: Fetch) => ask(fetch, "/api/v1/streams", parseStreams, signal);
  assert.equal((await outcome(() => json({ streams: [] }))).kind, "ok");
  assert.equal((await outcome(() => json({ streams: 7 }))).kind, "malformed");
  assert.equal((await outcome(() => Promise.resolve(new Response("<html>")))).kind, "malformed");
  assert.equal((await outcome(() => json({ title: "No", code: "internal" }, 500))).kind, "problem");
  assert.equal(
    (await outcome(() => Promise.resolve(new Response("bad gateway", { status: 502 })))).kind,
    "unreachable",
  );
  assert.equal((await outcome(() => Promise.reject(new TypeError("net")))).kind, "unreachable");
  const gone = AbortSignal.abort();
  const hanging: Fetch = (_, init) =>
    new Promise((_resolve, reject) => {
      if (init.signal.aborted) reject(new Error("aborted"));
    });
  assert.equal((await ask(hanging, "/", parseStreams, gone)).kind, "unreachable");
});

test("what was known stays while the relay is silent, with the time since", async () => {
  let up = true;
  const { feed, turn } = feedOf((url) => {
    if (!up) return Promise.reject(new TypeError("refused"));
    return url.endsWith("/relay") ? json(relay) : json({ streams: [] });
  });
  const first = await turn();
  assert.equal(first.link.kind, "answering");
  assert.equal(first.relay?.webrtcPort, 8189);
  up = false;
  const gone = await turn();
  assert.equal(gone.link.kind, "unreachable");
  assert.deepEqual(gone.value, []);
  const since = gone.link.kind === "unreachable" ? gone.link.since : 0;
  const later = await turn();
  assert.equal(later.link.kind === "unreachable" ? later.link.since : -1, since);
  assert.equal(linkCondition(later, since)?.code, "relay-unreachable");
  up = true;
  const back = await turn();
  assert.equal(back.link.kind, "answering");
  assert.equal(linkCondition(back, 0), null);
  feed.stop();
});

test("a relay that comes back as another version is noticed", async () => {
  let version = "1";
  let up = true;
  const { feed, turn } = feedOf((url) => {
    if (!up) return Promise.reject(new TypeError("refused"));
    return url.endsWith("/relay") ? json({ ...relay, version }) : json({ streams: [] });
  });
  assert.equal((await turn()).updated, false);
  up = false;
  await turn();
  version = "2";
  up = true;
  assert.equal((await turn()).updated, true);
  feed.stop();
});

test("a refusal takes back what was known", async () => {
  let found = true;
  const { feed, turn } = feedOf((url) => {
    if (url.endsWith("/relay")) return json(relay);
    return found ? json({ streams: [] }) : json({ title: "No such stream", code: "x" }, 404);
  });
  assert.deepEqual((await turn()).value, []);
  found = false;
  const refused = await turn();
  assert.equal(refused.link.kind, "refused");
  assert.equal(refused.value, null);
  feed.stop();
});
