import { readFileSync } from "node:fs";
import { SessionBackend } from "micropie";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { backendSuite, type CreateStore, type TestStore, withClock } from "micropie/testing";
import { expect, test } from "vitest";
import { MapBackend } from "../../examples/map-backend.ts";
import { userBackend } from "./stores.ts";
import { BlobBackend, CheckThenActBackend, ForgetfulCache, UpsertBackend } from "./wrong-backends.ts";

/** Fails unless a message says what should have happened, what is at stake, what led to it, and where to read on. */
function expectSentences(promise: string, message: string): void {
  const lines = message.split("\n");
  expect(lines[0]).toMatch(/^\S.* should .+\.$/);
  expect(lines[1]).toMatch(new RegExp(`^${promise}: .+\\. Otherwise .+\\.$`));
  expect(lines[2]).toBe("The last calls:");
  expect(lines.slice(3, -1).filter((line) => !line.startsWith("  "))).toEqual([]);
  const [, names = "", reading] = /^See (.+?) in (.+)$/.exec(lines.at(-1)!) ?? [];
  expect(reading).toBe(`SessionBackend (micropie/backends/backend), and ${promise} in docs/guarantees.md.`);
  for (const name of names.split(" and ")) expect(SessionBackend.prototype).toHaveProperty(name);
}

/** Returns what a run of these cases says of the first failure. */
async function firstFailure(cases: RegExp, create: CreateStore): Promise<string> {
  const said: string[] = [];
  for (const { name, run } of backendSuite({ create }))
    if (cases.test(name)) await run().catch((error: Error) => said.push(error.message));
  return said[0] ?? "nothing failed";
}

/** Runs the whole suite and answers what failed, by promise. Each failure has to be told in sentences. */
async function failures(
  make: (clock: { now: () => number }) => SessionBackend | TestStore,
): Promise<Map<string, string[]>> {
  const failed = new Map<string, string[]>();
  const create = (clock: { now: () => number }): TestStore => {
    const made = make(clock);
    return "backend" in made ? made : { backend: made };
  };
  for (const { name, promise, run } of backendSuite({ create })) {
    await run().catch((error: Error) => {
      expectSentences(promise, error.message);
      failed.set(promise, [...(failed.get(promise) ?? []), name]);
    });
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
  // It does not pass on why a session is deleted.
  expect(failed.get("U2")).toEqual([
    "U2: a revocation through one instance is told to whoever listens on another, or its channel is lost",
    "U2: an end by the limit through one instance is told to whoever listens on another, or its channel is lost",
    "U2: a move is no end, so whoever listens is not told of it; an end of what is moved out is told",
  ]);
});

test("a failure shows the call that was judged, with what it should have returned, and keeps both for the runner", async () => {
  const [found] = backendSuite({ create: () => ({ backend: new UpsertBackend() }) }).filter(({ name }) =>
    name.includes("what has expired is over at that very second"),
  );
  const error = await found!.run().catch((error: unknown) => error);
  expect(error).toMatchObject({ actual: true, expected: false });
  expect((error as Error).message).toMatch(
    /^touch\('[\w-]{16}', 1000\) should return false, and returned true\.\nC3: what has expired .+/,
  );
  expect((error as Error).message).toContain("Otherwise a session that has ended could come back.");
  expect((error as Error).stack).toContain("contract-times.ts");
});

test("the failure that the page of back-ends shows is what the suite says", async () => {
  const message = await firstFailure(/made from an older version/, () => ({ backend: new BlobBackend() }));
  const page = readFileSync(new URL("../../docs/backends.md", import.meta.url), "utf8");
  expect(page).toContain(`\`\`\`text\n${message.replaceAll(/'[\w-]{16}'/g, "'handle'")}\n\`\`\``);
});

test("a failure tells of the methods that the author wrote: six with compare-and-swap", async () => {
  class Overwriting extends MapBackend {
    override replace(key: string, text: string): boolean {
      this.set(key, text);
      return true;
    }
  }
  const message = await firstFailure(/no late call/, () => {
    const backend = new Overwriting();
    const another = new (class extends Overwriting {
      override get = backend.get.bind(backend);
      override set = backend.set.bind(backend);
    })();
    return { backend, another: () => another };
  });
  expect(message).toMatch(/another instance: replace\('[\w-]{16}', .+ returned true/);
  expect(message).toMatch(/See .*replace.* in CasSessionBackend \(micropie\/backends\/cas\)/);
});

test("a failure tells of the methods that the author wrote: two", async () => {
  const create: CreateStore = ({ now }) => {
    const { load, save } = userBackend(now);
    return { backend: { load, save: (id, data) => save(id, data, 60) } };
  };
  const message = await firstFailure(/^B6/, create);
  expect(message).toMatch(/^The dictionary that load returns should be \{\}, and is \{ e: 6 \}\./);
  expect(message).toContain("save('other', { e: 6 }, 0) returned undefined");
  expect(message).toMatch(/See load and save in SessionBackend/);
});

test("what a back-end throws is told with the call, and is the cause", async () => {
  const boom = new RangeError("boom");
  class Throwing extends InMemorySessionBackend {
    override relock(): never {
      throw boom;
    }
  }
  const [found] = backendSuite({ create: () => ({ backend: new Throwing() }) }).filter(({ name }) =>
    name.includes("a lock has one holder"),
  );
  const error = (await found!.run().catch((error: unknown) => error)) as Error;
  expect(error.message).toMatch(
    /^relock\('[\w-]{16}', 2, 0\) should return, and threw RangeError: boom\.\nC7: /,
  );
  expect(error.cause).toBe(boom);
});
