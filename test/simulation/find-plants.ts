import { PLANTS } from "./plants.ts";
import type { Piece } from "./player.ts";
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

/** A world that is broken without the fault as well says nothing of it. */
async function find(plant: (typeof PLANTS)[number]): Promise<FoundPlant> {
  const { name, room, on: store = "memory" } = plant;
  const thread = new Thread(plant);
  try {
    let worlds = 0;
    while (worlds < MOST) {
      const piece = { from: worlds + 1, count: MOST - worlds, store, isOver: true };
      const played = await thread.play(piece);
      worlds += played.worlds;
      const [first] = played.broken;
      if (first === undefined) break;
      if (await holdsWithout({ from: worlds, count: 1, store, isOver: true }))
        return { name, room, store, worlds, promise: first.promise };
    }
    return { name, room, store, worlds, promise: undefined };
  } finally {
    await thread.stop();
  }
}

/** In a thread of its own, because worlds take over theirs. */
async function holdsWithout(piece: Piece): Promise<boolean> {
  const thread = new Thread();
  const { broken } = await thread.play(piece);
  await thread.stop();
  return broken.length === 0;
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
