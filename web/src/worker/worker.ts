// The document's one worker: starts the Go program, and keeps the messages that
// come before the program listens.

import "wasm_exec";
import { AnnotationHub } from "../core/annotation-hub.ts";

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

/** What the program calls to report what this browser's own detectors found. */
interface ReportScope {
  sightlineReport(player: number, text: string): boolean;
}

const early: MessageEvent[] = [];
const keep = (event: MessageEvent) => {
  early.push(event);
};
scope.onmessage = keep;

async function start(): Promise<void> {
  const go = new Go();
  const url = new URL(CLIENT_WASM, scope.location.href);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname}: HTTP ${response.status}`);
  const { instance } = await WebAssembly.instantiateStreaming(response, go.importObject);
  // Runs until the program first waits; by then it has set its own onmessage.
  const ended = go.run(instance);
  const listener = scope.onmessage;
  if (listener === null || listener === keep) throw new Error("the program does not listen");
  const annotations = new AnnotationHub((data) =>
    listener.call(scope, new MessageEvent("message", { data })),
  );
  (scope as unknown as ReportScope).sightlineReport = (player, text) =>
    annotations.report(player, text);
  const handle = (event: MessageEvent) => {
    annotations.observe(event.data);
    listener.call(scope, event);
  };
  scope.onmessage = handle;
  for (const event of early.splice(0)) handle(event);
  await ended;
  throw new Error("the program has ended");
}

start().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  scope.postMessage({ type: "unavailable", text: `the client program does not run: ${text}` });
});
