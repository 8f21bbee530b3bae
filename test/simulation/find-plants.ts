import { PLANTS } from "./plants.ts";
import { Thread } from "./thread.ts";

/** The most worlds in which a planted fault has to be found. */
export const MOST = Number(process.env.MOST ?? 10_000);
/** A planted fault, and the first world in which a judge notices it. */
export interface FoundPlant {
  readonly name: string;
  readonly room: string;
  readonly store: string;
  readonly worlds: number;
  /** Undefined if no judge notices it. */
  readonly promise: string | undefined;
}

/** Plays worlds with each fault until one is broken; tells of each. */
export async function findPlants(
  only: string | undefined,
  tell: (found: FoundPlant) => void,
): Promise<FoundPlant[]> {
  const all: FoundPlant[] = [];
  for (const plant of PLANTS) {
    if (only !== undefined && !`${plant.name} ${plant.file}`.includes(only)) continue;
    const thread = new Thread(plant);
    const store = plant.on ?? "memory";
    const { worlds, broken } = await thread.play({ from: 1, count: MOST, store, isOver: true });
    await thread.stop();
    const found = { name: plant.name, room: plant.room, store, worlds, promise: broken[0]?.promise };
    tell(found);
    all.push(found);
  }
  return all;
}

/** The table of all planted faults. */
export function plantTable(found: readonly FoundPlant[]): string[] {
  const rows = found.map(
    ({ name, room, store, worlds, promise }) =>
      `| ${name} | ${room} | ${store} | ${worlds} | ${promise ?? "nobody yet"} |`,
  );
  return [
    "| fault | in | store | found in world | by the judge of |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ];
}
