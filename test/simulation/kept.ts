import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Plan } from "micropie/testing/_simulation/plan";
import type { Plant } from "./plant.ts";
import { Thread } from "./thread.ts";

const FOLDER = new URL("kept/", import.meta.url);

/** A small world in which a fault was found, that the library had once. Planted anew, it is found there again. */
export interface Kept {
  /** The name of the plant that is this fault. */
  readonly fault: string;
  readonly store: string;
  readonly promise: string;
  readonly plan: Plan;
}

/** Returns all worlds that are kept. */
export function keptWorlds(): Kept[] {
  return readdirSync(FOLDER).map((file) => JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Kept);
}

/** Plays worlds from this one on with a planted fault until it is found, and keeps the smallest world in which it is. Returns false if it is not. */
export async function keep(plant: Plant, from: number, most: number): Promise<boolean> {
  const thread = new Thread(plant);
  const store = plant.on ?? "memory";
  const { broken } = await thread.play({ from, count: most, store, isOver: true, isShrunk: true });
  await thread.stop();
  const [first] = broken;
  if (first?.plan === undefined) return false;
  const kept: Kept = { fault: plant.name, store, promise: first.promise, plan: first.plan };
  const file = `${plant.name.replace(/[^a-z0-9]+/gi, "-").toLowerCase()}.json`;
  writeFileSync(new URL(file, FOLDER), `${JSON.stringify(kept, undefined, 2)}\n`);
  return true;
}
