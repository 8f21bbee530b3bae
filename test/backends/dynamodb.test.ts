import { randomBytes } from "node:crypto";
import { createSessions, update } from "micropie";
import { DynamoDbSessionBackend } from "micropie/backends/dynamodb";
import { ConfigError, DataError } from "micropie/errors";
import { withClock } from "micropie/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTable, type DynamoClient, dynamoClient, startDynamo } from "../servers/dynamodb.ts";
import { type FaultProxy, startProxy } from "../servers/proxy.ts";
import { handleOf, newPatch, newRecord } from "./_records.ts";

const server = await startDynamo();
const client = dynamoClient(server);
let table = "";
let backend: DynamoDbSessionBackend;

beforeEach(async () => {
  table = `sessions-${randomBytes(6).toString("hex")}`;
  await createTable(client, table);
  backend = new DynamoDbSessionBackend(client, { table });
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});

const itemOf = async (key: string) =>
  (await client.getItem({ TableName: table, Key: { id: { S: key } }, ConsistentRead: true })).Item;

test("of the increments by 4 back-ends at once, each that was stored counts, and no other", async () => {
  const engines = [1, 2, 3, 4].map(() =>
    createSessions<{ n: number }>({ backend: new DynamoDbSessionBackend(client, { table }) }),
  );
  const first = await engines[0]!.load(null);
  first.n = 0;
  const cookie = (await engines[0]!.commit(first))!.split(";")[0]!;
  let stored = 0;
  await Promise.all(
    engines.map(async (sessions) => {
      for (let n = 0; n < 10; n++) {
        try {
          await update(await sessions.load(cookie), "n", (n: number | undefined) => (n ?? 0) + 1);
          stored += 1;
        } catch (error) {
          // Others came first each time.
          expect(error).toMatchObject({ code: "conflict" });
        }
      }
    }),
  );
  expect(stored).toBeGreaterThan(10);
  expect((await engines[1]!.load(cookie)).n).toBe(stored);
});

describe("an answer that is lost, after which the SDK sends the write again:", () => {
  let proxy: FaultProxy;
  let cut: DynamoClient;
  let through: DynamoDbSessionBackend;
  /** What happens after an answer was lost, and before the write is sent again. */
  let between: () => Promise<unknown> = async () => {};
  let again = 0;

  beforeAll(async () => {
    proxy = await startProxy(server);
    const token = { getRetryCount: () => 0, getRetryDelay: () => 0 };
    const retryStrategy = {
      acquireInitialRetryToken: async () => token,
      async refreshRetryTokenForRetry(_: object, why: { errorType: string; error: Error }) {
        if (why.errorType !== "TRANSIENT") throw why.error;
        again += 1;
        await between();
        return token;
      },
      recordSuccess() {},
    };
    cut = dynamoClient(proxy, { retryStrategy });
  });
  beforeEach(() => {
    through = new DynamoDbSessionBackend(cut, { table });
    between = async () => {};
    again = 0;
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    cut.destroy();
    await proxy.stop();
  });
  const loseOne = (): void => proxy.cutReply(0, { once: true });

  test("what was stored counts as stored, once", async () => {
    loseOne();
    expect(await through.create(handleOf(1), newRecord())).toBe(true);
    const { version } = (await through.read(handleOf(1)))!;
    loseOne();
    expect(await through.patch(handleOf(1), newPatch({ x: 1 }, { ifVersion: version }))).toBe("ok");
    expect((await through.read(handleOf(1)))!.version).toBe(version + 1);
    loseOne();
    const fence = await through.lock(handleOf(1), 60);
    expect(fence).toEqual(expect.any(Number));
    expect(again).toBe(3);
  });

  test("also if others have written in between", async () => {
    await backend.create(handleOf(1), newRecord());
    const { version } = (await through.read(handleOf(1)))!;
    between = async () => {
      for (const n of [1, 2, 3])
        expect(await backend.patch(handleOf(1), newPatch({ [`y${n}`]: n }))).toBe("merged");
    };
    loseOne();
    expect(await through.patch(handleOf(1), newPatch({ x: 1 }, { ifVersion: version }))).toBe("ok");
    expect(again).toBe(1);
    const { data, version: last } = (await backend.read(handleOf(1)))!;
    expect(JSON.parse(data)).toEqual({ visits: 1, x: 1, y1: 1, y2: 2, y3: 3 });
    expect(last).toBe(version + 4);
  });

  test("a session that ended in between stays ended", async () => {
    await backend.create(handleOf(1), newRecord({ userId: "ann" }));
    await through.read(handleOf(1));
    between = async () => expect(await backend.revokeUser("ann")).toEqual([handleOf(1)]);
    loseOne();
    expect(await through.patch(handleOf(1), newPatch({ x: 1 }))).toBe("ended");
    expect(again).toBe(1);
    expect(await itemOf(handleOf(1))).toBeUndefined();
  });
});

test("every read asks for what is stored now, of a session, a user's list and a page", async () => {
  const { getItem, scan } = client;
  const asked: unknown[] = [];
  const watched = Object.assign(Object.create(client) as DynamoClient, {
    getItem(input: { ConsistentRead: boolean }) {
      asked.push(input.ConsistentRead);
      return getItem.call(client, input as never);
    },
    scan(input: { ConsistentRead: boolean }) {
      asked.push(input.ConsistentRead);
      return scan.call(client, input as never);
    },
  });
  const other = new DynamoDbSessionBackend(watched, { table });
  await other.create(handleOf(1), newRecord({ userId: "ann" }));
  await other.read(handleOf(1));
  await other.listByUser("ann");
  await other.scan({ limit: 5 });
  await other.countAll();
  expect(asked.length).toBeGreaterThanOrEqual(5);
  expect(new Set(asked)).toEqual(new Set([true]));
});

test("DynamoDB may delete an item an hour after its deadline; until then, the record's own deadline ends it", async () => {
  let now = 1_800_000_000;
  const moved = withClock(backend, () => now);
  await moved.create(handleOf(1), newRecord({ idleTimeout: 100 }));
  expect((await itemOf(handleOf(1)))?.expires?.N).toBe(String(now + 100 + 3600));
  now += 101;
  expect(await moved.read(handleOf(1))).toBeUndefined();
  expect(await moved.touch(handleOf(1), 100)).toBe(false);
  expect(await itemOf(handleOf(1))).toBeDefined();
});

test("the largest session that is passed on fits into an item; a larger one is refused by name, and nothing changes", async () => {
  const sized = (bytes: number) => newRecord({ data: JSON.stringify({ big: "x".repeat(bytes) }) });
  let [fits, tooMany] = [1, 500_000];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    try {
      await backend.create(handleOf(middle), sized(middle));
      fits = middle;
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      expect(error).toMatchObject({ code: "too_large", key: "big" });
      tooMany = middle;
    }
  }
  expect(fits).toBeGreaterThan(408_000);
  // Each time in a record takes up to four bytes more or less, by its digits after the point.
  fits -= 32;
  tooMany += 32;
  await backend.create(handleOf(fits), sized(fits));
  // Its item names eight writes at most.
  for (let n = 0; n < 10; n++) expect(await backend.touch(handleOf(fits), 200 + n)).toBe(true);
  expect((await itemOf(handleOf(fits)))?.writes?.S?.split(" ")).toHaveLength(8);
  const data = JSON.stringify({ big: "x".repeat(tooMany) });
  await expect(backend.patch(handleOf(fits), newPatch({}, { data }))).rejects.toMatchObject({
    code: "too_large",
  });
  expect((await backend.read(handleOf(fits)))!.version).toBe(1);
});

test("pages show each session once, and no lists", async () => {
  const handles = Array.from({ length: 40 }, (_, n) => handleOf(n));
  for (const [n, handle] of handles.entries())
    await backend.create(handle, newRecord({ userId: n % 2 === 0 ? `user-${n % 6}` : null }));
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await backend.scan({ limit: 7, cursor });
    expect(page.sessions.length).toBeLessThanOrEqual(7);
    seen.push(...page.sessions.map(({ handle }) => handle));
    cursor = page.cursor;
  } while (cursor !== undefined);
  expect(seen.sort()).toEqual(handles);
  expect((await backend.scan({ limit: 50, userId: "user-2" })).sessions).toHaveLength(7);
  expect(await backend.countAll()).toEqual({ sessions: 40, signedIn: 20, exact: true });
  for (const wrong of ["nonsense", "", "after.handle-000000001"])
    await expect(backend.scan({ limit: 5, cursor: wrong })).rejects.toMatchObject({ option: "cursor" });
});

test("more than 1 MB of sessions are estimated, from a random part of the table", async () => {
  const data = JSON.stringify({ text: "x".repeat(25_000) });
  for (let n = 0; n < 200; n++)
    await backend.create(handleOf(n), newRecord({ data, userId: n % 4 === 0 ? "ann" : null }));
  const parts = new Set<number>();
  let sum = 0;
  for (let part = 0; part < 8; part++) {
    backend.environment = { ...backend.environment, random: () => (part + 0.5) / 8 };
    const { sessions, signedIn, exact } = await backend.countAll();
    expect(exact).toBe(false);
    expect(signedIn! % 8).toBe(0);
    sum += sessions;
    parts.add(sessions);
  }
  // The eight parts are the whole table, each counted eight times.
  expect(sum / 8).toBe(200);
  expect(parts.size).toBeGreaterThan(1);
});

test("a table that is missing or has another key is named, with what to create", async () => {
  const missing = new DynamoDbSessionBackend(client, { table: "nowhere" });
  const other = `other-${table}`;
  await createTable(client, other, "sid");
  const wrong = new DynamoDbSessionBackend(client, { table: other });
  for (const [each, problem] of [
    [missing, 'there is no table "nowhere"'],
    [wrong, `the table "${other}" has another key`],
  ] as const) {
    const calls = [
      () => each.read(handleOf(1)),
      () => each.create(handleOf(1), newRecord()),
      () => each.delete(handleOf(1)),
    ];
    for (const call of calls) {
      const error = await call().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({ option: "table" });
      expect((error as Error).message).toContain(problem);
      expect((error as Error).message).toContain("partition key id");
    }
  }
});

test("what is no client or no name of a table is refused at the start", () => {
  const { send, destroy } = client as unknown as Record<string, unknown>;
  for (const no of [undefined, {}, { send, destroy, config: {} }, { getItem() {} }])
    expect(() => new DynamoDbSessionBackend(no as never)).toThrow(/takes a client, made with new DynamoDB/);
  for (const no of ["", "a b", "ab", 7])
    expect(() => new DynamoDbSessionBackend(client, { table: no as string })).toThrow(/ARN of a table/);
  const arn = "arn:aws:dynamodb:us-east-1:123456789012:table/sessions";
  expect(() => new DynamoDbSessionBackend(client, { table: arn })).not.toThrow();
});
