import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Plant } from "./plant.ts";
import type { Outcome, Piece } from "./player.ts";

/** A thread that plays pieces, one after the other. */
export class Thread {
  readonly #worker: Worker;

  constructor(plant?: Plant) {
    const execArgv = ["--import", new URL("../_from-source.ts", import.meta.url).href];
    this.#worker = new Worker(new URL("worker.ts", import.meta.url), {
      workerData: { plant },
      execArgv,
      // Most of what a world makes is garbage soon.
      resourceLimits: { maxYoungGenerationSizeMb: 64 },
    });
  }

  /** Rejects if the thread fails. */
  async play(piece: Piece): Promise<Outcome> {
    const answer = once(this.#worker, "message");
    this.#worker.postMessage(piece);
    const [outcome] = (await answer) as [Outcome];
    return outcome;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
