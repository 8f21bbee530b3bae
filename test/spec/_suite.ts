import { type Place, play } from "./_play.ts";
import { linesOf, type Schedule, scheduleIn } from "./_steps.ts";

/** The schedules that were made from the model. */
export const SCHEDULES: readonly Schedule[] = linesOf("schedules.txt").map(scheduleIn);

/** A way to what a condition prevents; no store may go it to its end. */
export interface Counterexample {
  /** The switch of the model that takes the condition away. */
  readonly define: string;
  readonly schedule: Schedule;
}

export function counterexamples(): Counterexample[] {
  return linesOf("counterexamples.txt").map((line) => {
    const [define = "", ...steps] = line.split(" ");
    return { define, schedule: scheduleIn(steps.join(" ")) };
  });
}

/** Plays schedules, one after the other. Throws at the first step that is not the model's; returns how many there were. */
export async function playAll(place: Place, schedules: readonly Schedule[] = SCHEDULES): Promise<number> {
  for (const schedule of schedules) await play(schedule, place);
  return schedules.length;
}

/**
 * Those for a store that is made older row by row: an id from two rotations ago has the end of its grace in the head, which is a text that
 * nobody makes older. So a schedule in which one comes back after its grace is left out.
 */
export const WITHOUT_OLD_IDS: readonly Schedule[] = SCHEDULES.filter(({ text }) => {
  const last = text.lastIndexOf("rR");
  return last === -1 || (text.slice(0, last).match(/ \d[gqi][om]/g) ?? []).length < 2;
});

/** Plays a schedule. Returns false at the first step that is not the model's. */
export async function follows(schedule: Schedule, place: Place): Promise<boolean> {
  return play(schedule, place).then(
    () => true,
    () => false,
  );
}
