import { existsSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/** A fault that the simulation has to find, put into the source when it is loaded. */
export interface Plant {
  readonly name: string;
  /** Below the root of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The kind of store to look for it on; default: memory. */
  readonly on?: string;
}

const urlOf = ({ file }: Plant): URL => new URL(`../../${file}`, import.meta.url);

/** Returns what is wrong with a plant, or undefined if it can be put into the source. */
export function problemOf(plant: Plant): string | undefined {
  const path = fileURLToPath(urlOf(plant));
  if (!existsSync(path)) return `${plant.name}: ${plant.file} does not exist.`;
  const times = readFileSync(path, "utf8").split(plant.find).length - 1;
  return times === 1 ? undefined : `${plant.name}: its text occurs ${times} times in ${plant.file}.`;
}

/** From now on, this thread loads the source with the fault in it. */
export function putIn(plant: Plant): void {
  const problem = problemOf(plant);
  if (problem !== undefined) throw new Error(problem);
  const { href } = urlOf(plant);
  const text = readFileSync(fileURLToPath(href), "utf8").replace(plant.find, () => plant.replace);
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      return url === href ? { ...loaded, source: text } : loaded;
    },
  });
}
