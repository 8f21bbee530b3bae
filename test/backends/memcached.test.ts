import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { createSessions, type Session, update } from "micropie";
import { MemcachedSessionBackend } from "micropie/backends/memcached";
import { DataError } from "micropie/errors";
import { withClock } from "micropie/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startMemcached } from "../servers/memcached.ts";
import { onServer } from "../servers/on-server.ts";
import { ask, commandsOf, keysIn } from "./_memcached.ts";
import { handleOf, newPatch, newRecord } from "./_records.ts";

await onServer("memcached", (server) => {
  let prefix = "";
  let opened: MemcachedSessionBackend[] = [];
  let backend: MemcachedSessionBackend;

  /** Another process: connections and memory of its own. */
  const open = (more: object = {}): MemcachedSessionBackend => {
    const made = new MemcachedSessionBackend(server, { prefix, ...more });
    opened.push(made);
    return made;
  };
  const ttlOf = async (key: string): Promise<number> =>
    Number(/ t(-?\d+)/.exec(await ask(server.port, `mg ${prefix}${key} t`))?.[1]);

  beforeEach(() => {
    prefix = `${randomBytes(9).toString("base64url")}:`;
    backend = open();
  });
  afterEach(() => {
    for (const each of opened) each.close();
    opened = [];
  });

  test("200 increments by 4 processes count 200, and of 50 keys set at once none is lost", async () => {
    const engines = [1, 2, 3, 4].map(() => createSessions<{ n: number }>({ backend: open() }));
    const first = await engines[0]!.load(null);
    first.n = 0;
    const cookie = (await engines[0]!.commit(first))!.split(";")[0]!;
    await Promise.all(
      engines.flatMap((sessions) =>
        Array.from({ length: 50 }, async () =>
          update(await sessions.load(cookie), "n", (n: number | undefined) => (n ?? 0) + 1),
        ),
      ),
    );
    expect((await engines[1]!.load(cookie)).n).toBe(200);
    const begun = await Promise.all(Array.from({ length: 50 }, (_, n) => engines[n % 4]!.load(cookie)));
    await Promise.all(
      begun.map(async (session, n) => {
        (session as Session<Record<string, number>>)[`k${n}`] = n;
        await engines[n % 4]!.commit(session);
      }),
    );
    expect(Object.keys(await engines[2]!.load(cookie))).toHaveLength(51);
  });

  test("a session ended in one process is not brought back by what another one has read or begun", async () => {
    for (let round = 0; round < 50; round++) {
      const other = open();
      const handle = handleOf(round);
      await backend.create(handle, newRecord({ userId: "ann" }));
      await other.read(handle);
      const under = [
        other.patch(handle, newPatch({ x: 1 })),
        other.touch(handle, 500),
        other.lock(handle, 5),
        other.patch(handle, newPatch({ y: 1 }, { baseVersion: 7 })),
      ];
      const ended = round % 2 === 0 ? backend.delete(handle) : backend.revokeUser("ann");
      expect(await ended).toEqual(round % 2 === 0 ? true : [handle]);
      await Promise.all(under);
      expect(await other.read(handle)).toBeUndefined();
      expect(await other.touch(handle, 500)).toBe(false);
    }
  });

  test("a delete for one version, or of one user, and a write by another process at once: one of them happens", async () => {
    const other = open();
    const happened = new Set<string>();
    for (let round = 0; round < 200; round++) {
      const handle = handleOf(round);
      await backend.create(handle, newRecord({ userId: "ann" }));
      if (round % 3 === 0) await other.read(handle);
      const rotation = { secretHash: "h2", grace: 10, raiseEpoch: true, userId: "bob" };
      const writing = other.patch(handle, newPatch({ x: 1 }, round % 2 === 0 ? {} : { rotation }));
      for (let turn = round % 5; turn > 0; turn--) await new Promise(setImmediate);
      const deleting = round % 2 === 0 ? backend.delete(handle, 1) : backend.revokeUser("ann");
      const [written, deleted] = await Promise.all([writing, deleting]);
      const ended = deleted === true || (Array.isArray(deleted) && deleted.includes(handle));
      expect([written, ended]).toEqual(ended ? ["ended", true] : ["ok", false]);
      expect((await backend.read(handle)) === undefined).toBe(ended);
      happened.add(written);
      await backend.revokeUser("ann");
    }
    expect(happened.size).toBe(2);
  });

  test("a read is one command, and the change that follows it one more; a change out of nowhere is two", async () => {
    const own = await startMemcached();
    try {
      const counted = new MemcachedSessionBackend(own);
      opened.push(counted);
      await counted.create("a", newRecord());
      const cost = async (...work: (() => Promise<unknown>)[]): Promise<number> => {
        const before = await commandsOf(own.port);
        for (const step of work) await step();
        return (await commandsOf(own.port)) - before;
      };
      const read = async (): Promise<unknown> => counted.read("a");
      expect(await cost(read)).toBe(1);
      expect(await cost(read, () => counted.patch("a", newPatch({ x: 1 })))).toBe(2);
      expect(await cost(() => counted.patch("a", newPatch({ x: 2 }, { baseVersion: 2 })))).toBe(2);
      expect(await cost(read, () => counted.touch("a", 500))).toBe(2);
      expect(await cost(read, () => counted.touch("a", 5))).toBe(2);
      expect(await cost(() => counted.delete("a"))).toBe(2);
      expect(await cost(() => counted.create("b", newRecord({ userId: "ann" })))).toBe(3);
    } finally {
      await own.stop();
    }
  });

  test("what is remembered decides nothing: refusals are looked up", async () => {
    const other = open();
    await backend.create("a", newRecord());
    await backend.read("a");
    expect(await other.patch("a", newPatch({ x: 1 }))).toBe("ok");
    expect(await backend.patch("a", newPatch({ y: 1 }, { ifVersion: 2 }))).toBe("merged");
    await backend.read("a");
    expect(await other.lock("a", 50)).toBe(1);
    expect(await backend.lock("a", 50)).toBe("busy");
    await backend.read("a");
    expect(await other.relock("a", 1, 0)).toBe(true);
    expect(await backend.lock("a", 50)).toBe(2);
    await backend.read("a");
    await other.delete("a");
    expect(await backend.touch("a", 1)).toBe(false);
    expect(JSON.stringify(await backend.load("a"))).toBe("{}");
  });

  test("the store lets go of a session by itself, a moment after its deadline, and on every way of writing", async () => {
    await backend.create("a", newRecord({ idleTimeout: 50.5 }));
    expect([51, 52]).toContain(await ttlOf("a"));
    await backend.touch("a", 70);
    expect([70, 71]).toContain(await ttlOf("a"));
    await backend.patch("a", newPatch({ x: 1 }, { idleTimeout: 90 }));
    expect([90, 91]).toContain(await ttlOf("a"));
    const absoluteTimeout = 400 * 86_400;
    const rotation = { secretHash: "h2", grace: 10, raiseEpoch: true, userId: "ann", absoluteTimeout };
    await backend.patch("a", newPatch({}, { baseVersion: 2, idleTimeout: 40 * 86_400, rotation }));
    const days = async (key: string): Promise<number> => Math.round((await ttlOf(key)) / 8640) / 10;
    expect(await days("a")).toBe(40);
    await backend.lock("a", 5);
    expect(await days("a")).toBe(40);
    const [list] = await keysIn(server.port, `${prefix}user_`);
    expect(await days(`user_${list}`)).toBe(400);
    await backend.save("b", { x: 1 }, 30);
    expect([30, 31]).toContain(await ttlOf("b"));
    const brief = open();
    await brief.create("c", newRecord({ idleTimeout: 0.05 }));
    expect(await ttlOf("c")).toBeLessThanOrEqual(2);
  });

  test("a deadline that memcached cannot count is kept all the same, by a list too", async () => {
    const far = 60 * 365 * 86_400;
    await backend.create("a", newRecord({ idleTimeout: far, absoluteTimeout: far }));
    expect(await backend.read("a")).toBeDefined();
    await backend.create("b", newRecord({ userId: "ann", absoluteTimeout: far }));
    expect(await backend.revokeUser("ann")).toEqual(["b"]);
  });

  test("a server without compare-and-swap (-C) is told at the first read, and nothing is deleted there by mistake", async () => {
    const without = await startMemcached(["-C"]);
    try {
      const on = new MemcachedSessionBackend(without);
      opened.push(on);
      await on.create("b", newRecord());
      for (const call of [on.read("b"), on.patch("b", newPatch({ x: 1 })), on.delete("b", 1)])
        await expect(call).rejects.toThrow("do not start it with -C");
      // The crawler leaves out what is locked just then.
      await expect.poll(() => keysIn(without.port, "session:b")).toHaveLength(1);
    } finally {
      await without.stop();
    }
  });

  test("an id that cannot be a key is refused, and none of it is taken for a command", async () => {
    await backend.create("a", newRecord());
    for (const id of ["", "a b", "x\r\nflush_all\r\n", "é", "x".repeat(300), "a\u0000"]) {
      await expect(backend.load(id)).rejects.toThrow("cannot be a key");
      await expect(backend.delete(id)).rejects.toThrow("cannot be a key");
    }
    expect(await backend.touch("a", 50)).toBe(true);
  });

  test("a full server that may evict nothing (-M) refuses what is new, and loses a session that it has no room to save", async () => {
    const full = await startMemcached(["-M", "-m", "2"]);
    try {
      const on = new MemcachedSessionBackend(full);
      opened.push(on);
      const data = JSON.stringify({ text: "x".repeat(4000) });
      let stored = 0;
      const filling = (async () => {
        for (; stored < 2000; stored++) await on.create(handleOf(stored), newRecord({ data }));
      })();
      await expect(filling).rejects.toThrow("out of memory storing object");
      // A limit of memcached, which the docs tell: it drops the old item before it looks for room for the new one.
      const touching = async (handle: string): Promise<unknown> =>
        on.touch(handle, 500).catch((error: Error) => error.message);
      expect(await touching(handleOf(0))).toContain("out of memory storing object");
      expect(await on.read(handleOf(0))).toBeUndefined();
      expect(await touching(handleOf(1))).toBe(true);
    } finally {
      await full.stop();
    }
  });

  describe("what is too large", () => {
    test("is refused by its largest key, and what was stored stays", async () => {
      await backend.create("a", newRecord());
      const large = newPatch({ small: 1, blob: "é".repeat(600_000) });
      const refusal = expect.objectContaining({ name: "DataError", code: "too_large", key: "blob" });
      await expect(backend.patch("a", large)).rejects.toEqual(refusal);
      await expect(backend.create("b", newRecord({ data: large.data }))).rejects.toEqual(refusal);
      expect(await backend.read("a")).toMatchObject({ data: '{"visits":1}', version: 1 });
      expect(await backend.read("b")).toBeUndefined();
    });

    test("just what fits is stored, by a server as it comes", async () => {
      await backend.create("a", newRecord());
      const fits = newPatch({ blob: "x".repeat(999_000) });
      expect(await backend.patch("a", fits)).toBe("ok");
      expect(await backend.read("a")).toMatchObject({ data: fits.data });
      expect(await backend.patch("a", newPatch({ blob: "x" }, { baseVersion: 2 }))).toBe("ok");
    });

    test("with servers that take less, maxItemBytes says so before they drop the old one", async () => {
      const small = await startMemcached(["-I", "2k", "-o", "slab_chunk_max=2048"]);
      try {
        const careful = new MemcachedSessionBackend(small, { maxItemBytes: 2000 });
        const careless = new MemcachedSessionBackend(small);
        opened.push(careful, careless);
        await careful.create("a", newRecord());
        const large = newPatch({ blob: "x".repeat(2000) });
        await expect(careful.patch("a", large)).rejects.toThrow(DataError);
        expect(await careful.read("a")).toBeDefined();
        expect(await careful.patch("a", newPatch({ blob: "x".repeat(1000) }))).toBe("ok");
        // Why it matters: a limit of memcached, which the docs tell.
        await expect(careless.patch("a", large)).rejects.toThrow("object too large for cache");
        expect(await careless.read("a")).toBeUndefined();
      } finally {
        await small.stop();
      }
    });
  });

  describe("a user's list", () => {
    test("drops what is gone for good, and nothing that may just be on its way into the store", async () => {
      let time = 1_000_000;
      const on = withClock(open(), () => time);
      const names = async (): Promise<number> => {
        const [key] = await keysIn(server.port, `${prefix}user_`);
        return ((await ask(server.port, `mg ${prefix}user_${key} v`)).match(/handle-/g) ?? []).length;
      };
      const lasting = { userId: "ann", idleTimeout: 100_000, absoluteTimeout: 100_000 };
      await on.create(handleOf(0), newRecord(lasting));
      for (let n = 1; n <= 100; n++) {
        await on.create(handleOf(n), newRecord(lasting));
        await on.delete(handleOf(n));
      }
      expect(await names()).toBe(101);
      time += 601;
      for (let n = 101; n < 420; n++) await on.create(handleOf(n), newRecord({ ...lasting, userId: "ann" }));
      expect(await names()).toBe(320);
      expect(await on.listByUser("ann")).toHaveLength(320);
      time += 100_000;
      await on.create(handleOf(1000), newRecord(lasting));
      expect(await names()).toBe(1);
      expect(await on.revokeUser("ann")).toEqual([handleOf(1000)]);
    });

    test("names all of 100 sign-ins in 4 processes at once", async () => {
      const processes = [1, 2, 3, 4].map(() => open());
      await Promise.all(
        Array.from({ length: 100 }, (_, n) =>
          processes[n % 4]!.create(handleOf(n), newRecord({ userId: "ann" })),
        ),
      );
      expect(await backend.listByUser("ann")).toHaveLength(100);
      expect(await processes[0]!.revokeUser("ann")).toHaveLength(100);
      expect(await backend.listByUser("ann")).toEqual([]);
    });

    test("that would be larger than an item refuses the sign-in, and goes on when some have ended", async () => {
      let time = 1_000_000;
      const on = withClock(open({ maxItemBytes: 2000 }), () => time);
      const lasting = { userId: "ann", idleTimeout: 9999, absoluteTimeout: 9999 };
      const handles: string[] = [];
      const refusal = await (async () => {
        for (let n = 0; n < 100; n++) {
          await on.create(handleOf(n), newRecord(lasting));
          handles.push(handleOf(n));
        }
      })().catch((error: unknown) => error);
      expect(refusal).toMatchObject({ name: "DataError", code: "too_large" });
      expect(handles.length).toBeGreaterThan(30);
      expect(await on.read(handleOf(handles.length))).toBeUndefined();
      expect(await on.revokeUser("ann")).toEqual(handles);
      time += 601;
      expect(await on.create(handleOf(1000), newRecord(lasting))).toBe(true);
      expect(await on.revokeUser("ann")).toEqual([handleOf(1000)]);
    });

    test("a sign-in that was held up for longer than the list waits for it is not stored", async () => {
      let time = 1000;
      const on = withClock(open(), () => (time += 200));
      await expect(on.create("a", newRecord({ userId: "ann", idleTimeout: 9999 }))).rejects.toThrow(
        "held up",
      );
      expect(await backend.read("a")).toBeUndefined();
    });
  });

  test("with several servers, each session has one; while that is down its sessions fail and no other ends", async () => {
    const servers = [await startMemcached(), await startMemcached(), await startMemcached()];
    try {
      const on = new MemcachedSessionBackend(servers, { timeout: 0.5 });
      opened.push(on);
      const handles = Array.from({ length: 60 }, (_, n) => handleOf(n));
      for (const handle of handles) await on.create(handle, newRecord());
      const counts = await Promise.all(
        servers.map(async ({ port }) => (await keysIn(port, "session:handle-")).length),
      );
      expect(counts.every((count) => count > 5)).toBe(true);
      expect(counts.reduce((sum, count) => sum + count)).toBe(60);
      await servers[1]!.kill();
      const answers = await Promise.allSettled(handles.map((handle) => on.touch(handle, 500)));
      const failed = handles.filter((_, index) => answers[index]?.status === "rejected");
      expect(failed).toHaveLength(counts[1]!);
      expect(answers.every((answer) => answer.status === "rejected" || answer.value)).toBe(true);
      for (const handle of failed) await expect(on.create(handle, newRecord())).rejects.toThrow("memcached");
      // In another order they are the same servers.
      const reversed = new MemcachedSessionBackend(servers.toReversed());
      opened.push(reversed);
      for (const handle of handles)
        if (!failed.includes(handle)) expect(await reversed.read(handle)).toBeDefined();
      await servers[1]!.restart();
      for (const handle of failed) expect(await on.touch(handle, 50)).toBe(false);
    } finally {
      for (const each of servers) await each.stop();
    }
  });

  test("to revoke a user while a server is down ends what it can, and says that some may be left", async () => {
    const servers = [await startMemcached(), await startMemcached()];
    try {
      const on = new MemcachedSessionBackend(servers, { timeout: 0.5 });
      opened.push(on);
      const handles = Array.from({ length: 40 }, (_, n) => handleOf(n));
      for (const handle of handles) await on.create(handle, newRecord({ userId: "ann" }));
      const isListedIn = await Promise.all(
        servers.map(async ({ port }) => (await keysIn(port, "session:user_")).length > 0),
      );
      await servers[isListedIn.indexOf(false)]!.kill();
      await expect(on.revokeUser("ann")).rejects.toThrow("memcached");
      const left = await Promise.allSettled(handles.map(async (handle) => on.read(handle)));
      expect(left.some(({ status }) => status === "rejected")).toBe(true);
      expect(left.every((one) => one.status === "rejected" || one.value === undefined)).toBe(true);
    } finally {
      for (const each of servers) await each.stop();
    }
  });

  test("an idle connection does not keep the process alive", async () => {
    const script = `
      import { MemcachedSessionBackend } from ${JSON.stringify(new URL("../../src/backends/memcached.ts", import.meta.url).href)};
      const backend = new MemcachedSessionBackend(${JSON.stringify({ host: server.host, port: server.port })});
      console.log(await backend.read("nobody") === undefined);`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module-typescript", "-e", script],
      { timeout: 100_000 },
    );
    expect(stdout).toBe("true\n");
  });

  test("a closed back-end says so, and can be closed again", async () => {
    const reading = backend.read("a");
    backend.close();
    backend.close();
    await expect(reading).rejects.toThrow("closed by this process");
    await expect(backend.read("a")).rejects.toThrow("is closed");
  });
});
