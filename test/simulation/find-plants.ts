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

/** Plays worlds with each fault until one is broken, on so many threads; tells of each. */
export async function findPlants(
  only: string | undefined,
  workers: number,
  tell: (found: FoundPlant) => void,
): Promise<FoundPlant[]> {
  const plants = PLANTS.filter(({ name, file }) => only === undefined || `${name} ${file}`.includes(only));
  const all: FoundPlant[] = [];
  const queue = [...plants.entries()];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [at, plant] = next;
      all[at] = await find(plant);
      tell(all[at]);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return all;
}

async function find(plant: (typeof PLANTS)[number]): Promise<FoundPlant> {
  const thread = new Thread(plant);
  const store = plant.on ?? "memory";
  const { worlds, broken } = await thread.play({ from: 1, count: MOST, store, isOver: true });
  await thread.stop();
  return { name: plant.name, room: plant.room, store, worlds, promise: broken[0]?.promise };
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
