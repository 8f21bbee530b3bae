import { hash } from "node:crypto";
import fc from "fast-check";
import { Redis } from "ioredis";
import { SESSION } from "micropie/backends/_redis/session-scripts";
import { USER } from "micropie/backends/_redis/user-scripts";
import { type IoRedisLike, RedisSessionBackend } from "micropie/backends/redis";
import { gate } from "micropie/testing/gate";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../_until.ts";
import { onServer } from "../servers/on-server.ts";
import { handleOf, newPatch, newRecord } from "./_records.ts";
import { Keyspace, newPrefix, nodeOf } from "./_redis.ts";

type Name = keyof typeof SESSION | keyof typeof USER;

const NAMES = new Map(
  Object.entries({ ...SESSION, ...USER }).map(([name, { sha1 }]) => [sha1, name as Name]),
);

/** In front of a client: knows which script is sent, and lets a test hold it or change what it is sent with. */
class Front implements IoRedisLike {
  readonly redis: Redis;
  sent: Name[] = [];
  before: (name: Name, args: string[]) => Promise<void> | void = () => {};

  constructor(redis: Redis) {
    this.redis = redis;
  }

  async evalsha(sha1: string, keys: number, ...args: string[]): Promise<unknown> {
    const name = NAMES.get(sha1)!;
    this.sent.push(name);
    await this.before(name, args);
    return this.redis.evalsha(sha1, keys, ...args);
  }

  eval(text: string, keys: number, ...args: string[]): Promise<unknown> {
    return this.redis.eval(text, keys, ...args);
  }
}

await onServer("redis", ({ url }) => {
  const node = nodeOf(url);
  let prefix = "";
  let keyspace: Keyspace;
  let redis: Redis;
  let front: Front;
  let backend: RedisSessionBackend;
  /** Another process. */
  let other: RedisSessionBackend;

  beforeAll(() => {
    keyspace = new Keyspace([node]);
    redis = new Redis(node.port, node.host);
  });
  afterAll(() => {
    keyspace.close();
    redis.disconnect();
  });
  beforeEach(() => {
    prefix = newPrefix();
    front = new Front(redis);
    backend = new RedisSessionBackend(front, { prefix });
    other = new RedisSessionBackend(redis, { prefix });
  });

  const indexOf = (userId: string) => `${prefix}user:${hash("sha256", JSON.stringify(userId), "base64url")}`;
  const now = () => String(Date.now() / 1000);
  const named = async (userId: string) =>
    (await redis.zrange(indexOf(userId), "0", "-1")).filter((handle) => handle !== "").sort();
  const listed = async (userId: string) => (await other.listByUser(userId)).map(({ handle }) => handle);
  const login = (userId?: string, absoluteTimeout?: number) => ({
    rotation: {
      secretHash: "hash-2",
      grace: 10,
      raiseEpoch: true,
      ...(userId !== undefined && { userId }),
      ...(absoluteTimeout && { absoluteTimeout }),
    },
  });

  const rotated = { rotation: { secretHash: "hash-2", grace: 10, raiseEpoch: false } };

  test("what the index names in vain is removed when it is a minute old, and not before", async () => {
    await backend.create("a", newRecord({ userId: "ann" }));
    await backend.create("b", newRecord({ userId: "ann" }));
    await redis.del(`${prefix}a`);
    expect(await listed("ann")).toEqual(["b"]);
    expect(await other.revokeUser("ann", "b")).toEqual([]);
    expect(await named("ann")).toEqual(["a", "b"]);
    await keyspace.age(prefix, 61);
    expect(await listed("ann")).toEqual(["b"]);
    await until(async () => expect(await named("ann")).toEqual(["b"]));
    await redis.zadd(indexOf("ann"), "1", "c", now(), "d");
    expect(await other.revokeUser("ann")).toEqual(["b"]);
    await until(async () => expect(await named("ann")).toEqual(["d"]));
  });

  test("what the index is told of again while somebody looks for dead sessions stays in it", async () => {
    await other.create("a", newRecord());
    await redis.zadd(indexOf("ann"), "1", "a");
    const held = gate();
    front.before = (name) => (name === "forget" ? held.wait() : undefined);
    expect(await backend.listByUser("ann")).toEqual([]);
    await held.reached;
    await other.patch("a", newPatch({}, login("ann")));
    held.open();
    await until(() => expect(front.sent).toContain("forget"));
    // One connection: what is sent now is answered after it.
    expect(await listed("ann")).toEqual(["a"]);
  });

  test("a logout takes the session out of the index", async () => {
    const handles = Array.from({ length: 1000 }, (_, n) => handleOf(n));
    for (const handle of handles) await backend.create(handle, newRecord({ userId: "ann" }));
    await keyspace.age(prefix, 61);
    for (const handle of handles) await backend.delete(handle);
    await until(async () => expect(await named("ann")).toEqual([]));
  });

  test.each([
    ["a revocation", () => other.revokeUser("ann")],
    ["a logout", () => other.delete("a")],
  ])("a sign-in that %s ended, and that a client then sends again, is found", async (_, end) => {
    let again: (() => Promise<unknown>) | undefined;
    front.before = (name, args) => {
      if (name === "create") again = () => redis.evalsha(SESSION.create.sha1, 1, ...args);
    };
    await backend.create("a", newRecord({ userId: "ann" }));
    await end();
    expect(await other.read("a")).toBeUndefined();
    expect(await again?.()).toBe(1);
    expect(await listed("ann")).toEqual(["a"]);
    for (const age of [1, 49, 49]) {
      await keyspace.age(prefix, age);
      await other.touch("a", 100);
      await until(async () =>
        expect(await redis.pttl(indexOf("ann"))).toBeGreaterThan(await redis.pttl(`${prefix}a`)),
      );
    }
    expect(await other.revokeUser("ann")).toEqual(["a"]);
  });

  test("sessions that expire do not pile up in the index, though nobody lists them", async () => {
    for (let round = 0; round < 20; round++) {
      const handles = Array.from({ length: 100 }, (_, n) => handleOf(round * 100 + n));
      for (const handle of handles) await backend.create(handle, newRecord({ userId: "ann" }));
      await redis.del(...handles.map((handle) => prefix + handle));
      await keyspace.age(prefix, 61);
    }
    expect(await redis.zcard(indexOf("ann"))).toBeLessThan(500);
  });

  const left = async (userId = "ann") => Math.round((await redis.pttl(indexOf(userId))) / 1000);

  test("the index ends by itself, but after the last of its sessions", async () => {
    await backend.create("a", newRecord({ userId: "ann", idleTimeout: 1000, absoluteTimeout: 5000 }));
    expect(await left()).toBe(2060);
    await backend.create("b", newRecord({ userId: "ann", absoluteTimeout: 10 }));
    expect(await left()).toBe(2060);
    await backend.create("c", newRecord({ idleTimeout: 2000, absoluteTimeout: 3000 }));
    await backend.patch("c", newPatch({}, login("ann")));
    expect(await left()).toBe(3060);
    await backend.patch("a", newPatch({}, { ...login("ann", 6000), idleTimeout: 2000 }));
    expect(await left()).toBe(4060);
    await backend.patch("a", newPatch({}, { ...login(undefined, 5000), idleTimeout: 4000, ifEpoch: 1 }));
    expect(await left()).toBe(5060);
    await backend.save("d", await backend.load("a"), 6000);
    expect(await left()).toBe(6060);
  });

  test.each([
    ["a touch", (idleTimeout: number) => other.touch("a", idleTimeout)],
    ["a patch", (idleTimeout: number) => other.patch("a", newPatch({}, { baseVersion: -1, idleTimeout }))],
    [
      "a rotation",
      (idleTimeout: number) =>
        other.patch("a", newPatch({}, { ...rotated, ifEpoch: 0, baseVersion: -1, idleTimeout })),
    ],
  ])("the index outlives a session that %s keeps alive", async (_, use) => {
    await backend.create("a", newRecord({ userId: "ann", idleTimeout: 300, absoluteTimeout: 10_000 }));
    for (const [age, idle] of [
      [100, 300],
      [160, 300],
      [100, 300],
      [290, 300],
      [1, 3000],
    ] as const) {
      await keyspace.age(prefix, age);
      await use(idle);
      // One connection: what is sent now is answered after what the index was told.
      await until(async () =>
        expect(await redis.pttl(indexOf("ann"))).toBeGreaterThan(await redis.pttl(`${prefix}a`)),
      );
    }
  });

  test("the index of a user who signed out ends with the time that the session had left, and a minute", async () => {
    const users = Array.from({ length: 200 }, (_, n) => `user${n}`);
    const life = { idleTimeout: 1000, absoluteTimeout: 2_592_000 };
    for (const [n, userId] of users.entries()) {
      await backend.create(handleOf(n), newRecord({ userId, ...life }));
      expect(await backend.delete(handleOf(n))).toBe(true);
    }
    await until(async () => {
      for (const userId of users) expect(await redis.pttl(indexOf(userId))).toBeLessThanOrEqual(1_060_000);
    });
    for (const [n, userId] of users.entries()) {
      await backend.create(`${handleOf(n)}x`, newRecord({ userId, ...life }));
      expect(await listed(userId)).toEqual([`${handleOf(n)}x`]);
      expect(await left(userId)).toBeGreaterThan(2050);
      expect(await other.revokeUser(userId)).toEqual([`${handleOf(n)}x`]);
    }
    await until(async () => {
      for (const userId of users) expect(await redis.pttl(indexOf(userId))).toBeLessThanOrEqual(1_060_000);
    });
  });

  test("a logout leaves no index to a user whose other sessions had expired", async () => {
    await backend.create("a", newRecord({ userId: "ann", idleTimeout: 10 }));
    await backend.create("b", newRecord({ userId: "ann", idleTimeout: 1000 }));
    await redis.del(`${prefix}a`);
    await keyspace.age(prefix, 61);
    await backend.delete("b");
    await until(async () => expect(await redis.exists(indexOf("ann"))).toBe(0));
    await backend.create("a", newRecord({ userId: "bob", idleTimeout: 10 }));
    await redis.del(`${prefix}a`);
    await keyspace.age(prefix, 61);
    await other.create("b", newRecord({ userId: "bob" }));
    await backend.delete("b");
    await until(async () => expect(await named("bob")).toEqual(["b"]));
    await until(async () => expect(await left("bob")).toBeLessThanOrEqual(160));
  });

  test("a logout keeps the index of a user with another session", async () => {
    await backend.create("a", newRecord({ userId: "ann", idleTimeout: 1000 }));
    await backend.create("b", newRecord({ userId: "ann", idleTimeout: 10 }));
    await backend.delete("b");
    await until(() => expect(front.sent).toContain("forget"));
    expect(await listed("ann")).toEqual(["a"]);
    expect(await left()).toBe(1060);
  });

  describe.each(["create", "rotate", "save"] as const)("a sign-in by %s", (step) => {
    const sources = { create: "new", rotate: "known", save: "saved" };
    const handle = sources[step];
    beforeEach(async () => {
      await other.create("known", newRecord());
      await other.create("source", newRecord({ userId: "ann" }));
      await other.save("copied", await other.load("source"), 100);
      await other.delete("source");
    });
    const signIn = async (): Promise<unknown> => {
      if (step === "create") return await backend.create(handle, newRecord({ userId: "ann" }));
      if (step === "rotate") return await backend.patch(handle, newPatch({}, login("ann")));
      return await backend.save(handle, await other.load("copied"), 100);
    };
    /** Makes its entry in the index so many seconds older than it is, each time or only the first. */
    const delay = (seconds: number, once: boolean) => {
      let times = 0;
      front.before = (name, args) => {
        if (name !== step || (once && times++ > 0)) return;
        const at = step === "rotate" ? 6 : 1;
        const fields = args[at]!.split(" ");
        const told = step === "rotate" ? 3 : fields.length - 1;
        fields[told] = String(Number(fields[told]) - seconds);
        args[at] = fields.join(" ");
      };
    };

    test("that has not reached the store yet is not forgotten by others", async () => {
      const held = gate();
      front.before = (name) => (name === step ? held.wait() : undefined);
      const signingIn = signIn();
      await held.reached;
      expect(await named("ann")).toContain(handle);
      expect(await listed("ann")).toEqual(["copied"]);
      expect(await other.revokeUser("ann")).toEqual(["copied"]);
      expect(await left()).toBeGreaterThan(180);
      for (let n = 0; n < 50; n++) await other.create(handleOf(n), newRecord({ userId: "ann" }));
      held.open();
      await signingIn;
      expect(await listed("ann")).toContain(handle);
      expect(await other.revokeUser("ann")).toHaveLength(51);
      expect(await other.read(handle)).toBeUndefined();
    });

    test.each([31, -11])("that seems to come %d seconds late is told and stored once more", async (late) => {
      delay(late, true);
      await signIn();
      expect(front.sent.filter((name) => name === step || name === "add")).toEqual([
        "add",
        step,
        "add",
        step,
      ]);
      expect(await listed("ann")).toContain(handle);
    });

    test("that is late again is an error, and stores nothing", async () => {
      delay(31, false);
      await expect(signIn()).rejects.toThrow(/longer than 30 seconds/);
      expect(await listed("ann")).toEqual(["copied"]);
      if (step === "rotate") expect(await other.read(handle)).toMatchObject({ version: 1, userId: null });
      else expect(await other.read(handle)).toBeUndefined();
    });
  });

  describe("an index that was lost", () => {
    beforeEach(async () => {
      await backend.create("a", newRecord({ userId: "ann b", idleTimeout: 10_000, absoluteTimeout: 20_000 }));
      await keyspace.age(prefix, 1);
      await backend.touch("a", 10_000);
      await until(() => expect(front.sent.filter((name) => name === "add")).toHaveLength(2));
      await redis.del(indexOf("ann b"));
      front.sent = [];
    });

    test.each([
      ["touch", async () => expect(await backend.touch("a", 10_000)).toBe(true)],
      ["patch", async () => expect(await backend.patch("a", newPatch({}))).toBe("ok")],
      [
        "merge",
        async () => expect(await backend.patch("a", newPatch({}, { baseVersion: -1 }))).toBe("merged"),
      ],
    ])("is told of the session again by a %s, once in ten minutes", async (_, use) => {
      await keyspace.age(prefix, 599);
      await backend.touch("a", 10_000);
      expect(await listed("ann b")).toEqual([]);
      await keyspace.age(prefix, 2);
      front.sent = [];
      await use();
      await until(async () => expect(await listed("ann b")).toEqual(["a"]));
      expect(front.sent.filter((name) => name === "add")).toHaveLength(1);
      expect(Math.round((await redis.pttl(indexOf("ann b"))) / 1000)).toBe(20_000 - 602 + 60);
      await backend.touch("a", 10_000);
      expect(front.sent.filter((name) => name === "add")).toHaveLength(1);
    });

    test("and cannot be told, harms nothing", async () => {
      await keyspace.age(prefix, 601);
      front.before = (name) => (name === "add" ? Promise.reject(new Error("down")) : undefined);
      expect(await backend.touch("a", 10_000)).toBe(true);
    });
  });

  test("a sign-in whose index cannot be told is an error, and stores nothing", async () => {
    front.before = (name) => (name === "add" ? Promise.reject(new Error("down")) : undefined);
    await expect(Promise.resolve(backend.create("a", newRecord({ userId: "ann" })))).rejects.toThrow("down");
    expect(await other.read("a")).toBeUndefined();
  });

  test("a session that the index names for another user is neither listed nor ended", async () => {
    await backend.create("a", newRecord({ userId: "ann" }));
    await backend.create("b", newRecord());
    await redis.zadd(indexOf("bob"), now(), "a", now(), "b");
    expect(await listed("bob")).toEqual([]);
    expect(await backend.revokeUser("bob")).toEqual([]);
    expect(await listed("ann")).toEqual(["a"]);
  });

  test("users whose ids differ in an unpaired surrogate do not take each other's sessions off the list", async () => {
    await backend.create("a", newRecord({ userId: "\ud800" }));
    await keyspace.age(prefix, 61);
    expect(await listed("\udc00")).toEqual([]);
    expect(await other.revokeUser("\ufffd")).toEqual([]);
    // One connection: what is sent now is answered after all that it has made the index forget.
    expect(await listed("\ud800")).toEqual(["a"]);
  });

  test("a user's id may be any text", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("\ud800", "\udc00", "", " ", "\n", "\0"),
    );
    await fc.assert(
      fc.asyncProperty(text, text, async (one, two) => {
        await backend.create("a", newRecord({ userId: one }));
        await backend.create("b", newRecord());
        await backend.patch("b", newPatch({}, login(two)));
        expect(await listed(one)).toEqual(one === two ? ["a", "b"] : ["a"]);
        expect((await other.listByUser(two)).every(({ record }) => record.userId === two)).toBe(true);
        expect(await backend.revokeUser(two)).toEqual(one === two ? ["a", "b"] : ["b"]);
        await backend.revokeUser(one);
      }),
      { numRuns: 100 },
    );
  });

  test("two thousand sessions of one user are listed, oldest first, and ended", async () => {
    const handles = Array.from({ length: 2000 }, (_, n) => handleOf(n));
    for (const handle of handles) await backend.create(handle, newRecord({ userId: "ann" }));
    expect(await listed("ann")).toEqual(handles);
    await keyspace.age(prefix, 61);
    expect((await backend.revokeUser("ann")).sort()).toEqual(handles);
    expect(await listed("ann")).toEqual([]);
    await until(async () => expect(await named("ann")).toEqual([]));
  });
});
