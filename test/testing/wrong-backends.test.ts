import type { SessionBackend } from "micropie";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { backendSuite, type TestStore, withClock } from "micropie/testing";
import { expect, test } from "vitest";
import { BlobBackend, CheckThenActBackend, ForgetfulCache, UpsertBackend } from "./wrong-backends.ts";

/** Runs the whole suite and answers what failed, by promise. */
async function failures(
  make: (clock: { now: () => number }) => SessionBackend | TestStore,
): Promise<Map<string, string[]>> {
  const failed = new Map<string, string[]>();
  const create = (clock: { now: () => number }): TestStore => {
    const made = make(clock);
    return "backend" in made ? made : { backend: made };
  };
  for (const { name, promise, run } of backendSuite({ create })) {
    await run().catch(() => failed.set(promise, [...(failed.get(promise) ?? []), name]));
  }
  return failed;
}

test("a back-end where the last blob wins fails at C1: it loses what another request wrote", async () => {
  const failed = await failures(() => new BlobBackend());
  expect([...failed.keys()]).toEqual(expect.arrayContaining(["C1", "C4", "C5"]));
  expect(failed.get("C1")).toEqual(
    expect.arrayContaining([
      "C1: a patch made from an older version changes only the keys it names, and answers merged",
      "C1: fifty concurrent requests that write fifty keys keep all fifty, on one server and on four",
    ]),
  );
  expect([...failed.keys()]).not.toEqual(expect.arrayContaining(["C3"]));
});

test("a back-end that saves with an upsert fails at C3: it brings ended sessions back", async () => {
  const failed = await failures(() => new UpsertBackend());
  for (const what of ["a logout", "a revocation of all"]) {
    const name = `after ${what} through one instance, no late call through another brings the session back`;
    expect(failed.get("C3")).toContain(`C3: ${name}`);
  }
  expect([...failed.keys()]).not.toEqual(expect.arrayContaining(["C1"]));
});

test("a back-end that checks and then writes fails where two calls overlap", async () => {
  const failed = await failures((clock) => new CheckThenActBackend(clock));
  expect([...failed.keys()].sort()).toEqual(
    expect.arrayContaining(["B5", "B7", "C1", "C2", "C3", "C4", "C5", "C7", "C8"]),
  );
  expect(failed.get("C2")).toContain("C2: 200 concurrent increments on four servers count 200");
  expect(failed.get("C3")).toContain("C3: a patch and a delete at once: the session is over");
});

test("a cache that learns nothing from another process fails at C3: it serves ended sessions", async () => {
  const failed = await failures(({ now }) => {
    const inner = withClock(new InMemorySessionBackend(), now);
    const another = () => new ForgetfulCache(inner);
    return { backend: another(), another };
  });
  for (const what of ["a logout", "a revocation of all", "a change of rights"]) {
    const name = `${what} through one instance of the back-end takes effect for another as soon as it is answered`;
    expect(failed.get("C3")).toContain(`C3: ${name}`);
  }
});
