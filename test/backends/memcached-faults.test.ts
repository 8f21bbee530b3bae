import { createServer } from "node:net";
import { createSessions } from "micropie";
import { MemcachedSessionBackend } from "micropie/backends/memcached";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type MemcachedServer, startMemcached } from "../servers/memcached.ts";
import { onServer } from "../servers/on-server.ts";
import { type FaultProxy, startProxy } from "../servers/proxy.ts";
import { handleOf, newPatch, newRecord } from "./_records.ts";

await onServer("memcached", () => {
  let server: MemcachedServer;
  let proxy: FaultProxy;
  let direct: MemcachedSessionBackend;
  let backend: MemcachedSessionBackend;

  beforeAll(async () => {
    server = await startMemcached();
    proxy = await startProxy(server);
  });
  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
  });
  beforeEach(() => {
    direct = new MemcachedSessionBackend(server);
    backend = new MemcachedSessionBackend(proxy, { timeout: 60 });
  });
  afterEach(() => {
    proxy.heal();
    direct.close();
    backend.close();
  });

  const textOf = (n: number, version: number): string =>
    JSON.stringify({ n, version, text: "\r\nHD O1\r\nEN\r\n" });

  test("a reply that is cut off anywhere: each call answers its own, or fails; nobody gets another's", async () => {
    const handles = [0, 1, 2, 3, 4, 5].map(handleOf);
    for (const [n, handle] of handles.entries())
      await direct.create(
        handle,
        newRecord({ data: textOf(n, 1), idleTimeout: 5000, absoluteTimeout: 5000 }),
      );
    const versions = handles.map(() => 1);
    let failed = 0;
    for (let at = 0; at < 2600; at += at < 800 ? 3 : 17) {
      proxy.cutReply(at, { once: true });
      const calls = await Promise.allSettled(
        handles.map(async (handle, n) => {
          const record = await backend.read(handle);
          expect(JSON.parse(record!.data)).toMatchObject({ n });
          const { version } = record!;
          const data = textOf(n, version + 1);
          return backend.patch(handle, newPatch({}, { data, baseVersion: version, ifVersion: version }));
        }),
      );
      proxy.heal();
      for (const [n, call] of calls.entries()) {
        const record = await direct.read(handles[n]!);
        expect(JSON.parse(record!.data)).toMatchObject({ n, version: record!.version });
        if (call.status === "fulfilled") {
          expect(call.value).toBe("ok");
          expect(record!.version).toBe(versions[n]! + 1);
        } else {
          failed += 1;
          expect(call.reason.message).toMatch(/^memcached 127\.0\.0\.1:\d+ (closed|read|is dis)/);
          expect([versions[n], versions[n]! + 1]).toContain(record!.version);
        }
        versions[n] = record!.version;
      }
    }
    expect(failed).toBeGreaterThan(500);
  });

  test("an answer that does not come fails everything that waits, within the timeout; then it recovers", async () => {
    await direct.create("a", newRecord());
    const impatient = new MemcachedSessionBackend(proxy, { timeout: 2 });
    for (const fault of [
      () => proxy.blackHole(),
      () => proxy.blackHole("replies"),
      () => proxy.halfOpen(),
      () => proxy.latency(60_000),
    ]) {
      expect(await impatient.read("a")).toBeDefined();
      fault();
      const calls = await Promise.allSettled([
        impatient.read("a"),
        impatient.touch("a", 500),
        impatient.create("b", newRecord()),
        impatient.delete("c"),
        impatient.listByUser("ann"),
      ]);
      expect(calls.map(({ status }) => status)).toEqual(Array(5).fill("rejected"));
      expect((calls[0] as PromiseRejectedResult).reason.message).toMatch(/did not answer for 2 seconds/);
      proxy.heal();
      expect(await impatient.read("a")).toBeDefined();
    }
    impatient.close();
  });

  test("connections that are reset while calls are under way fail those calls and no later ones", async () => {
    await direct.create("a", newRecord());
    for (let round = 0; round < 20; round++) {
      const calls = Array.from({ length: 10 }, () => backend.read("a"));
      if (round % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      proxy.reset({ once: true });
      for (const call of await Promise.allSettled(calls)) {
        if (call.status === "rejected") expect(call.reason.message).toMatch(/^memcached /);
        else expect(call.value).toMatchObject({ data: '{"visits":1}' });
      }
      await expect.poll(() => backend.read("a")).toBeDefined();
    }
  });

  test("a server that was restarted has lost every session, and serves new ones at once", async () => {
    const sessions = createSessions({ backend });
    const session = await sessions.load(null);
    session.visits = 1;
    const cookie = (await sessions.commit(session))!.split(";")[0]!;
    expect({ ...(await sessions.load(cookie)) }).toEqual({ visits: 1 });
    await server.kill();
    await expect((async () => sessions.load(cookie))()).rejects.toMatchObject({ code: "backend_failed" });
    await server.restart();
    expect({ ...(await sessions.load(cookie)) }).toEqual({});
    const again = await sessions.load(null);
    again.visits = 1;
    expect(await sessions.commit(again)).toContain("session_id=");
  });

  test("what was read before a restart is not taken for what has the same number after it", async () => {
    await server.restart();
    const fresh = new MemcachedSessionBackend(server);
    await fresh.create("a", newRecord({ secretHash: "before" }));
    expect(await fresh.read("a")).toBeDefined();
    await server.restart();
    const other = new MemcachedSessionBackend(server);
    await other.create("a", newRecord({ secretHash: "after", data: '{"kept":1}' }));
    expect(await fresh.patch("a", newPatch({ x: 1 }, { ifSecretHash: "before" }))).toBe("stale");
    expect(await other.read("a")).toMatchObject({ data: '{"kept":1}', secretHash: "after" });
    fresh.close();
    other.close();
  });

  test("where nobody listens, and where no name is, a call fails at once", async () => {
    for (const to of [{ host: "127.0.0.1", port: 9 }, "does-not-exist.invalid"]) {
      const nowhere = new MemcachedSessionBackend(to);
      await expect(nowhere.read("a")).rejects.toThrow(/^memcached .*(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)/);
      await expect(nowhere.touch("a", 1)).rejects.toThrow(/^memcached /);
      nowhere.close();
    }
  });

  test("another kind of server is told by its first answer", async () => {
    const other = createServer((socket) => {
      socket.on("error", () => {});
      socket.end("-ERR unknown command `mg`\r\n");
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const wrong = new MemcachedSessionBackend(`127.0.0.1:${port}`);
    await expect(wrong.read("a")).rejects.toThrow(/"-ERR unknown.*; memcached 1\.6 or newer is needed/);
    wrong.close();
    other.close();
  });
});
