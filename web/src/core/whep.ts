// One WHEP session: an offer posted to the relay, an answer, and the end of it.

import { conditionOfResponse, relayUnreachable } from "./conditions.ts";
import type { Condition } from "./snapshot.ts";

/** Why a session could not be opened. */
export class WhepError extends Error {
  readonly condition: Condition;
  /** False where trying again soon is of no use (no such stream, no codec). */
  readonly passing: boolean;

  constructor(reason: Condition, passing: boolean) {
    super(`${reason.title}: ${reason.text}`);
    this.condition = reason;
    this.passing = passing;
  }
}

/** How long candidates are gathered before the offer is sent; what comes later is not needed. */
const gatherMs = 300;

/** An open session. */
export class WhepSession {
  readonly connection: RTCPeerConnection;
  /** The relay's candidates, "udp 192.0.2.1:8189". */
  readonly remoteCandidates: readonly string[];
  readonly #location: string | null;
  #closed = false;

  private constructor(connection: RTCPeerConnection, answer: string, location: string | null) {
    this.connection = connection;
    this.remoteCandidates = candidatesOf(answer);
    this.#location = location;
  }

  /** Opens a session for a stream of the relay at `base`; throws a WhepError. */
  static async open(
    base: string,
    stream: string,
    signal: AbortSignal,
    prepare: (connection: RTCPeerConnection) => void,
  ): Promise<WhepSession> {
    const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    try {
      connection.addTransceiver("video", { direction: "recvonly" });
      prepare(connection);
      await connection.setLocalDescription();
      await gathered(connection, gatherMs);
      const url = `${base}/whep/${encodeURIComponent(stream)}`;
      let response: Response;
      try {
        response = await fetch(url, {
          method: "POST",
          headers: { "Content-Type": "application/sdp", Accept: "application/sdp" },
          body: connection.localDescription?.sdp ?? "",
          signal,
        });
      } catch (error) {
        throw new WhepError(relayUnreachable(base, error), true);
      }
      if (response.status !== 201) {
        const passing = response.status >= 500 || response.status === 429;
        throw new WhepError(await conditionOfResponse(response), passing);
      }
      const answer = await response.text();
      const location = response.headers.get("Location");
      const session = new WhepSession(
        connection,
        answer,
        location === null ? null : new URL(location, response.url).href,
      );
      try {
        signal.throwIfAborted();
        await connection.setRemoteDescription({ type: "answer", sdp: answer });
      } catch (error) {
        session.close();
        throw error;
      }
      return session;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Ends the session here and, as far as that goes, at the relay; also while the page goes away. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.connection.close();
    if (this.#location !== null) {
      fetch(this.#location, { method: "DELETE", keepalive: true }).catch(() => {
        // The relay ends sessions without traffic by itself.
      });
    }
  }
}

/** Waits until all candidates are gathered, at most `ms`. */
function gathered(connection: RTCPeerConnection, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (connection.iceGatheringState === "complete") {
      resolve();
      return;
    }
    const timer = setTimeout(done, ms);
    const changed = () => {
      if (connection.iceGatheringState === "complete") done();
    };
    function done(): void {
      clearTimeout(timer);
      connection.removeEventListener("icegatheringstatechange", changed);
      resolve();
    }
    connection.addEventListener("icegatheringstatechange", changed);
  });
}

/** Reads the candidates of an SDP (RFC 8839, section 5.1) as "udp 192.0.2.1:8189", each once. */
export function candidatesOf(sdp: string): string[] {
  const found = new Set<string>();
  for (const match of sdp.matchAll(/^a=candidate:\S+ \d+ (\S+) \d+ (\S+) (\d+) /gm)) {
    const [, protocol = "", address = "", port = ""] = match;
    found.add(`${protocol.toLowerCase()} ${hostPort(address, port)}`);
  }
  return [...found];
}

/** Joins address and port, IPv6 addresses in brackets. */
export function hostPort(address: string, port: string | number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
