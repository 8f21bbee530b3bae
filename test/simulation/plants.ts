import type { Plant } from "./plant.ts";
import { BACKENDS } from "./plants/back-ends.ts";
import { ENGINE } from "./plants/engine.ts";
import { MOVES } from "./plants/moves.ts";
import { VISITS } from "./plants/visits.ts";

/** The faults that judges have to find, one at a time. */
export const PLANTS: readonly (Plant & { readonly room: string })[] = [
  ...ENGINE.map((plant) => ({ ...plant, room: "engine" })),
  ...BACKENDS.map((plant) => ({ ...plant, room: "back-end" })),
  ...MOVES.map((plant) => ({ ...plant, room: plant.file.startsWith("src/core/") ? "engine" : "back-end" })),
  ...VISITS.map((plant) => ({
    ...plant,
    room: plant.file.startsWith("src/adapters/") ? "adapter" : "visit",
  })),
];
