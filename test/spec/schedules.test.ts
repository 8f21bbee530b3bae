import { readFileSync } from "node:fs";
import { InMemorySessionBackend, type SessionBackend } from "micropie";
import { virtualEnvironment, withClock } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { fingerprint, schedulesNow } from "../../spec/fingerprint.ts";
import { stores } from "../testing/stores.ts";
import { Ends } from "./_ends.ts";
import { PLANTED } from "./_planted.ts";
import type { Place } from "./_play.ts";
import { counterexamples, follows, playAll, SCHEDULES } from "./_suite.ts";

/** A store in this process, with a clock that only the schedules move. */
async function placeOf(create: (now: () => number) => SessionBackend): Promise<Place> {
  const clock = virtualEnvironment();
  const backend = create(clock.now);
  return {
    backends: [backend, backend, backend],
    // That of SQLite only says that another connection has written.
    ends: backend instanceof InMemorySessionBackend ? await Ends.of(backend) : undefined,
    advance: (seconds) => clock.advance(seconds),
  };
}

test.each(["schedules.txt", "counterexamples.txt"])("%s was made from the model as it is", (name) => {
  const text = readFileSync(new URL(`../../spec/${name}`, import.meta.url), "utf8");
  expect(text, "run npm run model").toContain(`# Model ${fingerprint("schedules")}\n`);
});

test("the figures of docs/model.md are of the models as they are", () => {
  const text = readFileSync(new URL("../../spec/results.json", import.meta.url), "utf8");
  const results = JSON.parse(text) as Record<string, { model: "session" | "users" | "watch"; of: string }>;
  const names = Object.keys(results);
  expect(names.filter((name) => results[name]!.of !== fingerprint(results[name]!.model))).toEqual([]);
  for (const promise of ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "U1", "U2"])
    expect(names.some((name) => name.startsWith(`${promise} N=3`))).toBe(true);
});

test("the back-ends of docs/model.md were played with the schedules as they are", () => {
  const text = readFileSync(new URL("../../spec/played.json", import.meta.url), "utf8");
  const { of, on } = JSON.parse(text) as { of: string; on: Record<string, { schedules: number }> };
  expect(of).toBe(schedulesNow());
  for (const [name, { schedules }] of Object.entries(on))
    expect(schedules, name).toBeGreaterThanOrEqual(2000);
});

describe("the schedules", () => {
  test("are at least 2,000, all different", () => {
    expect(new Set(SCHEDULES.map(({ text }) => text)).size).toBeGreaterThanOrEqual(2000);
  });
});

for (const [name, create] of Object.entries(stores)) {
  describe(`${name}, in one process`, () => {
    test(`each step of ${SCHEDULES.length} schedules is the model's`, async () => {
      expect(await playAll(await placeOf(create))).toBe(SCHEDULES.length);
    });

    test("no schedule leads to what a condition prevents", async () => {
      const place = await placeOf(create);
      const followed: string[] = [];
      for (const { define, schedule } of counterexamples())
        if (await follows(schedule, place)) followed.push(define);
      expect(followed).toEqual([]);
    });
  });
}

describe("a store without a condition", () => {
  const ways = new Map(counterexamples().map(({ define, schedule }) => [define, schedule]));

  test.each(Object.keys(PLANTED))(
    "%s goes the way that the model has found, and a schedule finds it",
    async (define) => {
      const place = () => placeOf((now) => withClock(new PLANTED[define]!(), now));
      const way = ways.get(define);
      // What is lost without this one is data, which no answer shows.
      if (define !== "NO_BASE_VERSION") expect(way && (await follows(way, await place()))).toBe(true);
      await expect(playAll(await place())).rejects.toThrow();
    },
  );
});
