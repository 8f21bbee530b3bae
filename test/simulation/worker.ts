import { parentPort, workerData } from "node:worker_threads";
import { type Plant, putIn } from "./plant.ts";
import type { Piece } from "./player.ts";

// A thread that plays pieces; with a plant, of a source that is broken in one place.

// Outside production, writes after a request are watched, which takes a while.
process.env.NODE_ENV = "production";

const { plant } = workerData as { readonly plant: Plant | undefined };
if (plant !== undefined) putIn(plant);

const { playPiece } = await import("./player.ts");

parentPort!.on("message", (piece: Piece) => {
  void playPiece(piece).then((outcome) => parentPort!.postMessage(outcome));
});
