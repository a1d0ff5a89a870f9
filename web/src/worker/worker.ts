// The document's one worker: starts the Go program, and keeps the messages that
// come before the program listens.

import "wasm_exec";

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

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
  for (const event of early.splice(0)) listener.call(scope, event);
  await ended;
  throw new Error("the program has ended");
}

start().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  scope.postMessage({ type: "unavailable", text: `the client program does not run: ${text}` });
});
