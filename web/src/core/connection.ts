// A lasting connection to one stream: opens WHEP sessions one after the other
// until it is closed, and says what stands in the way.

import { Backoff, wait } from "./backoff.ts";
import { condition, relayUnreachable } from "./conditions.ts";
import type { Condition } from "./snapshot.ts";
import { type ReceiveStats, StatsPoller } from "./stats.ts";
import { WhepError, WhepSession } from "./whep.ts";

/** What the owner of a connection hears. */
export interface ConnectionEvents {
  /** A new peer connection, before its offer. */
  prepare(connection: RTCPeerConnection): void;
  /** A video track arrives. */
  track(track: MediaStreamTrack): void;
  /** Whether media can flow, and what stands in the way; null when nothing does. */
  state(connected: boolean, trouble: Condition | null, lasting: boolean): void;
  /** Statistics, once a second. */
  stats(stats: ReceiveStats): void;
}

/** Without a candidate pair after this time the viewer is told what to open. */
const pairMs = 5000;
/** A connection that is interrupted for longer is opened anew. */
const interruptedMs = 4000;
/** Time between two tries where trying again soon is of no use. */
const slowMs = 10_000;

/** Keeps a stream connected. */
export class Connection {
  readonly #base: string;
  readonly #stream: string;
  readonly #events: ConnectionEvents;
  readonly #abort = new AbortController();
  readonly #backoff = new Backoff(500, 10_000);
  #session: WhepSession | null = null;

  constructor(base: string, stream: string, events: ConnectionEvents) {
    this.#base = base;
    this.#stream = stream;
    this.#events = events;
  }

  /** Runs until closed. */
  async run(): Promise<void> {
    const signal = this.#abort.signal;
    while (!signal.aborted) {
      let delay: number;
      try {
        await this.#serve(signal);
        delay = this.#backoff.next();
      } catch (error) {
        if (signal.aborted) return;
        const known = error instanceof WhepError;
        const trouble = known ? error.condition : relayUnreachable(this.#base, error);
        const lasting = known && !error.passing;
        this.#events.state(false, trouble, lasting);
        delay = lasting ? slowMs : this.#backoff.next();
      }
      await wait(delay, signal);
    }
  }

  /** Ends the session and the tries. */
  close(): void {
    this.#abort.abort();
    this.#session?.close();
    this.#session = null;
  }

  /** Opens a session and watches it until it fails. */
  async #serve(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const until = AbortSignal.any([signal, ended.signal]);
    try {
      const session = await WhepSession.open(this.#base, this.#stream, signal, (connection) => {
        connection.addEventListener("track", (event) => this.#events.track(event.track));
        this.#events.prepare(connection);
      });
      this.#session = session;
      signal.throwIfAborted();
      await Promise.all([
        this.#watch(session, until).finally(() => ended.abort()),
        this.#poll(session, until),
      ]);
    } finally {
      ended.abort();
      this.#session?.close();
      this.#session = null;
    }
  }

  /** Returns when the session has failed or is closed. */
  async #watch(session: WhepSession, signal: AbortSignal): Promise<void> {
    const { connection } = session;
    let interrupted = 0;
    let was = "";
    const begun = performance.now();
    let told = false;
    while (!signal.aborted) {
      const now = connection.connectionState;
      if (now === "failed" || now === "closed") {
        if (!told) this.#events.state(false, null, false);
        return;
      }
      if (now === "connected") {
        if (was !== "connected") {
          this.#backoff.reset();
          this.#events.state(true, null, false);
        }
        interrupted = 0;
      } else if (now === "disconnected") {
        interrupted ||= performance.now();
        if (performance.now() - interrupted > interruptedMs) {
          this.#events.state(false, null, false);
          return;
        }
      } else if (!told && performance.now() - begun > pairMs) {
        told = true;
        this.#events.state(false, await this.#noPath(session), false);
      }
      was = now;
      await changed(connection, 500, signal);
    }
  }

  /** Words the condition of a viewer without a path: what was tried, which port to open. */
  async #noPath(session: WhepSession): Promise<Condition> {
    const { candidates } = await new StatsPoller().poll(session.connection);
    const remote = session.remoteCandidates;
    const tried = candidates.length > 0 ? candidates.join("; ") : "none, no pair was formed";
    const ports = [...new Set(remote.map((c) => c.slice(c.lastIndexOf(":") + 1)))].join(", ");
    return condition(
      "viewer-not-connected",
      "error",
      "No network path to the relay",
      `No ICE candidate pair connects after ${pairMs / 1000} s. ` +
        `The relay offers ${remote.join(", ") || "no candidates"}. Tried: ${tried}.`,
      ports === ""
        ? "Set webrtc.public_ips to an address of the relay that this browser reaches."
        : `Open port ${ports} (UDP and TCP) between this browser and the relay, ` +
            "and set webrtc.public_ips if the relay's addresses are not reachable from here.",
    );
  }

  async #poll(session: WhepSession, signal: AbortSignal): Promise<void> {
    const poller = new StatsPoller();
    while (!signal.aborted) {
      const stats = await poller.poll(session.connection);
      if (signal.aborted) return;
      this.#events.stats(stats);
      await wait(1000, signal);
    }
  }
}

/** Waits for a change of the connection's state, at most `ms`. */
async function changed(
  connection: RTCPeerConnection,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const either = new AbortController();
  const done = () => either.abort();
  connection.addEventListener("connectionstatechange", done);
  await wait(ms, AbortSignal.any([signal, either.signal]));
  connection.removeEventListener("connectionstatechange", done);
}
