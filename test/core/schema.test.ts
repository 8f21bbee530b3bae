import { runInNewContext } from "node:vm";
import { createSessions, DataError, InMemorySessionBackend, type SessionEvents, update } from "micropie";
import { GatedBackend } from "micropie/testing";
import { onEvent } from "micropie/testing/events";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";

const events: SessionEvents["invalid"][] = [];
let stop: () => void;
beforeAll(() => {
  stop = onEvent("invalid", (event) => void events.push(event));
});
afterEach(() => void events.splice(0));
afterAll(() => stop());

async function storedBy(data: object): Promise<{ backend: InMemorySessionBackend; cookie: string }> {
  const backend = new InMemorySessionBackend();
  const sessions = createSessions({ backend });
  const session = await sessions.load(undefined);
  Object.assign(session, data);
  return { backend, cookie: (await sessions.commit(session))!.split(";")[0]! };
}

test("data of an old shape is an event and an empty session, and stays stored until something is written", async () => {
  const { backend, cookie } = await storedBy({ visits: "three" });
  const sessions = createSessions({ backend, schema: z.object({ visits: z.number().optional() }) });
  const session = await sessions.load(cookie);
  expect(Object.keys(session)).toEqual([]);
  expect(events).toEqual([
    expect.objectContaining({ migrated: false, issues: [expect.stringContaining("visits")] }),
  ]);
  expect(JSON.stringify(events)).not.toContain("three");
  expect(await sessions.commit(session)).toBeUndefined();
  expect({ ...(await createSessions({ backend }).load(cookie)) }).toEqual({ visits: "three" });

  const again = await sessions.load(cookie);
  again.visits = 1;
  await sessions.commit(again);
  expect({ ...(await createSessions({ backend }).load(cookie)) }).toEqual({ visits: 1 });
});

test("a migration mends it, and what it made is stored", async () => {
  const { backend, cookie } = await storedBy({ count: 3 });
  const sessions = createSessions({
    backend,
    schema: v.object({ visits: v.number() }),
    migrate: (old) => ({ visits: old.count }),
  });
  const session = await sessions.load(cookie);
  expect({ ...session }).toEqual({ visits: 3 });
  expect(events[0]?.migrated).toBe(true);
  await sessions.commit(session);
  expect({ ...(await createSessions({ backend }).load(cookie)) }).toEqual({ visits: 3 });
});

test("update works on data of an old shape too", async () => {
  const { backend, cookie } = await storedBy({ visits: "three" });
  const sessions = createSessions({ backend, schema: z.object({ visits: z.number().optional() }) });
  const session = await sessions.load(cookie);
  expect(await update(session, "visits", (n = 0) => n + 1)).toBe(1);
  await sessions.commit(session);
  expect({ ...(await sessions.load(cookie)) }).toEqual({ visits: 1 });
});

test("defaults of the schema cost no write", async () => {
  const { backend, cookie } = await storedBy({ visits: 1 });
  const sessions = createSessions({
    backend,
    schema: z.object({ visits: z.number(), theme: z.string().default("dark") }),
  });
  const session = await sessions.load(cookie);
  expect({ ...session }).toEqual({ visits: 1, theme: "dark" });
  await sessions.commit(session);
  expect({ ...(await createSessions({ backend }).load(cookie)) }).toEqual({ visits: 1 });
});

test("what the schema refuses is not stored, and the error names the key", async () => {
  const { backend, cookie } = await storedBy({ visits: 1 });
  const sessions = createSessions<{ visits: number }>({
    backend,
    schema: z.object({ visits: z.number().max(5) }),
  });
  const session = await sessions.load(cookie);
  session.visits = 9;
  await expect(async () => sessions.commit(session)).rejects.toThrow(
    expect.objectContaining({ constructor: DataError, code: "invalid", key: "visits" }),
  );
  expect({ ...(await sessions.load(cookie)) }).toEqual({ visits: 1 });
});

test("an asynchronous schema is waited for", async () => {
  const { backend, cookie } = await storedBy({ visits: 1 });
  const schema = z.object({ visits: z.number() }).refine(async () => true);
  const sessions = createSessions<{ visits: number }>({ backend, schema });
  const session = await sessions.load(cookie);
  session.visits = 2;
  await sessions.commit(session);
  expect({ ...(await sessions.load(cookie)) }).toEqual({ visits: 2 });
});

test("a migration may answer with a promise of another realm, and an update leaves nothing to be saved again", async () => {
  const { backend, cookie } = await storedBy({ old: 3 });
  const schema = z.strictObject({ visits: z.number().optional() });
  const migrate = (): Promise<object> => runInNewContext("Promise.resolve({ visits: 3 })");
  const migrating = createSessions({ backend, schema, migrate });
  expect({ ...(await migrating.load(cookie)) }).toEqual({ visits: 3 });

  const sessions = createSessions({ backend, schema });
  const session = await sessions.load(cookie);
  await update(session, "visits", () => 1);
  const { version } = backend.read(cookie.slice(-48, -32))!;
  await sessions.commit(session);
  expect(backend.read(cookie.slice(-48, -32))!.version).toBe(version);
});

const Counter = z.object({ visits: z.number().default(0), theme: z.enum(["light", "dark"]).optional() });

test("a schema that takes an empty session fills it in, so that no read is undefined; that is no change", async () => {
  const backend = new InMemorySessionBackend();
  const sessions = createSessions({ backend, schema: Counter });
  const session = await sessions.load();
  expectTypeOf(session.visits).toEqualTypeOf<number>();
  expectTypeOf(session.theme).toEqualTypeOf<"light" | "dark" | undefined>();
  expect({ ...session }).toEqual({ visits: 0 });
  expect(await sessions.commit(session)).toBeUndefined();

  const next = await sessions.load();
  next.visits += 1;
  const cookie = (await sessions.commit(next))!.split(";")[0]!;
  const again = await sessions.load(cookie);
  expect({ ...again }).toEqual({ visits: 1 });
  again.visits = 0;
  expect(await sessions.commit(again)).toBeUndefined();
  expect({ ...(await createSessions({ backend }).load(cookie)) }).toEqual({ visits: 0 });
});

test("what does not fit is filled in too, and stays stored until something is written", async () => {
  const { backend, cookie } = await storedBy({ visits: "three" });
  const sessions = createSessions({ backend, schema: Counter });
  const session = await sessions.load(cookie);
  expect({ ...session }).toEqual({ visits: 0 });
  expect(await sessions.commit(session)).toBeUndefined();
  expect({ ...(await createSessions({ backend }).load(cookie)) }).toEqual({ visits: "three" });
  const again = await sessions.load(cookie);
  again.visits += 1;
  await sessions.commit(again);
  expect({ ...(await createSessions({ backend }).load(cookie)) }).toEqual({ visits: 1 });
});

test("a skipped session, and one whose store is down, are filled in, and cannot be written", async () => {
  const backend = new GatedBackend(new InMemorySessionBackend());
  const sessions = createSessions({ backend, schema: Counter, whenDown: "anonymous" });
  backend.fail(["read"]);
  for (const session of [
    await sessions.load(null, { skip: true }),
    await sessions.load(`session_id=${"a".repeat(48)}`),
  ]) {
    expect({ ...session }).toEqual({ visits: 0 });
    session.visits += 1;
    await expect((async () => sessions.commit(session))()).rejects.toMatchObject({ code: "read_only" });
  }
});

test("what an async schema fills in is there when the session is loaded; a schema that refuses an empty session fills in nothing", async () => {
  const later = createSessions({
    schema: v.pipeAsync(
      v.object({ visits: v.optional(v.number(), 5) }),
      v.checkAsync(async () => true),
    ),
  });
  expect((await later.load()).visits).toBe(5);
  const strict = await createSessions({ schema: z.object({ visits: z.number() }) }).load();
  expectTypeOf(strict.visits).toEqualTypeOf<number | undefined>();
  expect({ ...strict }).toEqual({});
});
