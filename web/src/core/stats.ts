// What a peer connection says of the media it receives.

import { hostPort } from "./whep.ts";

/** Numbers since the last poll, and totals. */
export interface ReceiveStats {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly bitsPerSecond: number;
  readonly packetsLost: number;
  readonly framesDecoded: number;
  /** Milliseconds, means since the last poll; null where nothing was measured. */
  readonly jitterBuffer: number | null;
  readonly decode: number | null;
  readonly roundTrip: number | null;
  /** "udp 192.0.2.7:50000 -> udp 192.0.2.1:8189 in-progress" */
  readonly candidates: readonly string[];
}

type Report = Record<string, unknown>;

const number = (report: Report | undefined, key: string): number => {
  const value = report?.[key];
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
};
const text = (report: Report | undefined, key: string): string => {
  const value = report?.[key];
  return typeof value === "string" ? value : "";
};

/** Polls one connection; means are taken between two polls. */
export class StatsPoller {
  #last: Report | undefined;

  /** Reads the connection's statistics. */
  async poll(connection: RTCPeerConnection): Promise<ReceiveStats> {
    const reports = new Map<string, Report>();
    (await connection.getStats()).forEach((report: Report, id: string) => {
      reports.set(id, report);
    });
    return this.read(reports);
  }

  /** Turns the reports of getStats into numbers. */
  read(reports: ReadonlyMap<string, Report>): ReceiveStats {
    let inbound: Report | undefined;
    let selected = "";
    const candidates: string[] = [];
    for (const report of reports.values()) {
      if (report.type === "inbound-rtp" && report.kind === "video") inbound = report;
      if (report.type === "transport") selected ||= text(report, "selectedCandidatePairId");
      if (report.type === "candidate-pair") {
        const local = candidate(reports.get(text(report, "localCandidateId")));
        const remote = candidate(reports.get(text(report, "remoteCandidateId")));
        candidates.push(`${local} -> ${remote} ${text(report, "state")}`);
      }
    }
    const last = this.#last;
    this.#last = inbound;
    const since = (key: string) => number(inbound, key) - number(last, key);
    /** Mean milliseconds for each of `count`, from a sum in seconds. */
    const mean = (sum: string, count: string) =>
      since(count) > 0 ? (1000 * since(sum)) / since(count) : null;
    const seconds = last ? since("timestamp") / 1000 : 0;
    const pair = reports.get(selected);
    const roundTrip = pair?.currentRoundTripTime;
    return {
      codec: codecName(reports.get(text(inbound, "codecId"))),
      width: number(inbound, "frameWidth"),
      height: number(inbound, "frameHeight"),
      bitsPerSecond: seconds > 0 ? Math.max(0, (8 * since("bytesReceived")) / seconds) : 0,
      packetsLost: Math.max(0, number(inbound, "packetsLost")),
      framesDecoded: number(inbound, "framesDecoded"),
      jitterBuffer: mean("jitterBufferDelay", "jitterBufferEmittedCount"),
      decode: mean("totalDecodeTime", "framesDecoded"),
      roundTrip: typeof roundTrip === "number" ? 1000 * roundTrip : null,
      candidates,
    };
  }
}

function candidate(report: Report | undefined): string {
  if (!report) return "?";
  // Chromium hides local addresses behind mDNS names and then reports none.
  const address = text(report, "address") || "(hidden)";
  return `${text(report, "protocol")} ${hostPort(address, number(report, "port"))}`;
}

/** The codec's name; the profile negotiated says nothing of the stream's own. */
function codecName(report: Report | undefined): string {
  const name = text(report, "mimeType").replace(/^video\//i, "");
  return name.toUpperCase() === "H264" ? "H.264" : name;
}
