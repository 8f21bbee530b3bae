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

/** Plays all schedules, one after the other. Throws at the first step that is not the model's; returns how many there were. */
export async function playAll(place: Place): Promise<number> {
  for (const schedule of SCHEDULES) await play(schedule, place);
  return SCHEDULES.length;
}

/** Plays a schedule. Returns false at the first step that is not the model's. */
export async function follows(schedule: Schedule, place: Place): Promise<boolean> {
  return play(schedule, place).then(
    () => true,
    () => false,
  );
}
