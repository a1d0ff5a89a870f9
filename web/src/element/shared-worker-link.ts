// The document's one worker, started with the first player that needs it.

import { WorkerLink } from "../core/worker-link.ts";

/** The worker's script, relative to the element's; set by the build. */
declare const WORKER_SCRIPT: string;

let shared: WorkerLink | null = null;

/** Returns the link that all players of this document share. */
export function sharedWorkerLink(): WorkerLink {
  shared ??= new WorkerLink(
    new Worker(new URL(WORKER_SCRIPT, import.meta.url), { name: "sightline" }),
  );
  return shared;
}
