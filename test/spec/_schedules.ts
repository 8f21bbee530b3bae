import type { SessionBackend } from "micropie";
import { expect, test } from "vitest";
import type { Place } from "./_play.ts";
import type { Schedule } from "./_steps.ts";
import { counterexamples, follows, playAll, SCHEDULES } from "./_suite.ts";

/** With ALL_SCHEDULES=1 all are played, which takes minutes; else every twentieth. */
const PART = process.env.ALL_SCHEDULES === "1" ? 1 : 20;
/** Milliseconds in which they are played anywhere. */
export const TIMEOUT: number = PART === 1 ? 1_500_000 : 150_000;

/** A place that somebody has to close. */
export interface Opened extends Place {
  close?(): unknown;
}

/** Those of these that are played. */
export function partOf(all: readonly Schedule[]): readonly Schedule[] {
  const played = all.filter((_, index) => index % PART === 0);
  expect(played.length * PART).toBeGreaterThanOrEqual(2000);
  return played;
}

/** Defines the tests of a store that three processes share, each with a back-end of its own. */
export function schedules(open: () => Opened | Promise<Opened>, all: readonly Schedule[] = SCHEDULES): void {
  const played = partOf(all);
  test(`each step of ${played.length} schedules is the model's`, { timeout: TIMEOUT }, async () => {
    const place = await open();
    expect(await playAll(place, played)).toBe(played.length);
    await place.ends?.close();
    await place.close?.();
  });

  test("no schedule leads to what a condition prevents", async () => {
    const place = await open();
    const followed: string[] = [];
    for (const { define, schedule } of counterexamples())
      if (await follows(schedule, place)) followed.push(define);
    expect(followed).toEqual([]);
    await place.ends?.close();
    await place.close?.();
  });
}

/** One for each process. */
export function three<B extends SessionBackend>(another: () => B): B[] {
  return [another(), another(), another()];
}
