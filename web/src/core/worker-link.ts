// The window's end of the one worker that all players of a document share.

import {
  type ConvertedMessage,
  type CountsMessage,
  type FromWorker,
  type PixelPath,
  type PixelsMessage,
  parseFromWorker,
  type ReadSource,
  type ToWorker,
} from "./messages.ts";

/** What a player hears from the worker. */
export interface WorkerClient {
  /** A message for this player or for all; never the answer to a request. */
  onWorker(message: FromWorker): void;
}

/** Whether the worker can draw, as far as is known. */
export type WorkerState =
  | { readonly kind: "starting" }
  | { readonly kind: "ready"; readonly adapter: string; readonly trackProcessor: boolean }
  | { readonly kind: "lost"; readonly text: string }
  | { readonly kind: "unavailable"; readonly text: string };

interface Pending {
  message(message: PixelsMessage | ConvertedMessage | CountsMessage): void;
  refused(error: Error): void;
}

/** Device losses within this time count together. */
const lossWindowMs = 60_000;
/** So many losses within the window end the use of the GPU. */
const lossLimit = 3;

/** The worker, its state, and the players that use it. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #clients = new Map<number, WorkerClient>();
  readonly #pending = new Map<number, Pending>();
  #lastPlayer = 0;
  #lastRequest = 0;
  #losses: number[] = [];
  #state: WorkerState = { kind: "starting" };

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener("message", (event: MessageEvent<unknown>) => this.#receive(event.data));
    worker.addEventListener("error", (event) => {
      this.#fail(`the worker failed: ${event.message || "its script cannot be loaded"}`);
    });
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Adds a player and returns its number. */
  join(client: WorkerClient): number {
    this.#lastPlayer += 1;
    this.#clients.set(this.#lastPlayer, client);
    return this.#lastPlayer;
  }

  /** Removes a player; the worker frees what it holds for it. */
  leave(player: number): void {
    if (this.#clients.delete(player)) this.send({ type: "remove", player });
  }

  /** Posts a message; throws where an object cannot be transferred. */
  send(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Reads back the next frames of a player; `each` gets every one, the promise ends with the last. */
  read(
    player: number,
    count: number,
    source: ReadSource,
    each: (pixels: PixelsMessage) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = this.#request({
        message: (message) => {
          if (message.type !== "pixels") return;
          each(message);
          if (message.left > 0) return;
          this.#pending.delete(request);
          resolve();
        },
        refused: reject,
      });
      this.send({ type: "read", player, request, count, source });
    });
  }

  /** Converts one frame (which moves to the worker) to its picture and, with a size, its tensor. */
  convert(
    frame: VideoFrame,
    path: PixelPath,
    tensorWidth: number,
    tensorHeight: number,
  ): Promise<ConvertedMessage> {
    return new Promise((resolve, reject) => {
      const request = this.#request({
        message: (message) => {
          this.#pending.delete(request);
          if (message.type === "converted") resolve(message);
        },
        refused: reject,
      });
      this.send({ type: "convert", request, frame, path, tensorWidth, tensorHeight }, [
        // A VideoFrame is transferable; TypeScript's list does not have it.
        frame as unknown as Transferable,
      ]);
    });
  }

  /** Asks what the worker holds. */
  counts(): Promise<CountsMessage> {
    return new Promise((resolve, reject) => {
      const request = this.#request({
        message: (message) => {
          this.#pending.delete(request);
          if (message.type === "counts") resolve(message);
        },
        refused: reject,
      });
      this.send({ type: "counts", request });
    });
  }

  #request(pending: Pending): number {
    this.#lastRequest += 1;
    this.#pending.set(this.#lastRequest, pending);
    return this.#lastRequest;
  }

  #fail(text: string): void {
    if (this.#state.kind === "unavailable") return;
    this.#state = { kind: "unavailable", text };
    for (const pending of this.#pending.values()) pending.refused(new Error(text));
    this.#pending.clear();
    this.#tell({ type: "unavailable", text });
  }

  #receive(data: unknown): void {
    let message: FromWorker;
    try {
      message = parseFromWorker(data);
    } catch (error) {
      console.error("sightline:", error);
      return;
    }
    switch (message.type) {
      case "pixels":
      case "converted":
      case "counts":
        this.#pending.get(message.request)?.message(message);
        return;
      case "refused": {
        const pending = this.#pending.get(message.request);
        this.#pending.delete(message.request);
        pending?.refused(new Error(message.text));
        return;
      }
      case "ready":
        if (this.#state.kind === "unavailable") return;
        this.#state = {
          kind: "ready",
          adapter: message.adapter,
          trackProcessor: message.trackProcessor,
        };
        break;
      case "lost": {
        const now = performance.now();
        this.#losses = this.#losses.filter((t) => now - t < lossWindowMs);
        this.#losses.push(now);
        if (this.#losses.length >= lossLimit) {
          this.#fail(`the GPU device was lost ${lossLimit} times within a minute`);
          return;
        }
        if (this.#state.kind !== "unavailable") this.#state = { kind: "lost", text: message.text };
        break;
      }
      case "unavailable":
        this.#fail(message.text);
        return;
      case "problem":
        console.warn("sightline:", message.text);
        break;
      default:
        break;
    }
    this.#tell(message);
  }

  #tell(message: FromWorker): void {
    if ("player" in message && message.player !== 0) {
      this.#clients.get(message.player)?.onWorker(message);
      return;
    }
    for (const client of [...this.#clients.values()]) client.onWorker(message);
  }
}
