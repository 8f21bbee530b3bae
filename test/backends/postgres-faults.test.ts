import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { watchLag } from "../_lag.ts";
import { until } from "../_until.ts";
import { onServer } from "../servers/on-server.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { type FaultProxy, startProxy } from "../servers/proxy.ts";
import { newCase, newTable, type Opened, openPool, openPostgresJs } from "./_postgres.ts";
import { handleOf, newPatch, newRecord } from "./_records.ts";

/** As docs/backends.md says that they should be set up. */
const OPENERS: Record<string, (url: string) => Opened> = {
  pg: (url) => openPool(url, { connectionTimeoutMillis: 3000, query_timeout: 3000 }),
  postgres: (url) => openPostgresJs(url, { connect_timeout: 3, backoff: () => 0.5 }),
};

/** Fails unless it works within two seconds, called again and again; a busy machine may take longer. */
async function recovers(act: () => unknown): Promise<void> {
  const lag = watchLag();
  const start = performance.now();
  await until(act);
  const took = performance.now() - start;
  lag.stop();
  expect(took).toBeLessThan(2000 + 20 * lag.most());
}

await onServer("postgres", ({ url }) => {
  describe("a server that is killed and comes back", () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server.stop());

    test.each(Object.entries(OPENERS))(
      "%s: calls fail while it is away, and soon work again",
      async (_, open) => {
        const opened = open(server.url);
        const { backend } = newCase(opened);
        for (let n = 0; n < 20; n++) await backend.create(handleOf(n), newRecord());
        const calls = () =>
          Promise.allSettled(
            Array.from({ length: 20 }, (_, n) =>
              backend.patch(handleOf(n), newPatch({ x: 1 }, { baseVersion: 0 })),
            ),
          );
        const [during] = await Promise.all([calls(), server.kill()]);
        for (const { status } of [...during, ...(await calls())].slice(20)) expect(status).toBe("rejected");
        // One that was made in the meantime finds no table, and no server, at its first use.
        const late = newCase(opened).backend;
        await expect(late.read("a")).rejects.not.toMatchObject({ code: "config" });
        await server.restart();
        await recovers(() => backend.read(handleOf(0)));
        await recovers(() => late.create("a", newRecord()));
        for (let n = 0; n < 20; n++) expect(await backend.read(handleOf(n))).toBeDefined();
        backend.close();
        late.close();
        await opened.end();
      },
    );
  });

  describe("a network that does what networks do", () => {
    let proxy: FaultProxy;
    const through = () => url.replace(/@[^/]+/, `@${proxy.host}:${proxy.port}`);
    beforeAll(async () => {
      const { hostname, port } = new URL(url);
      proxy = await startProxy({ host: hostname, port: Number(port) });
    });
    afterAll(() => proxy.stop());

    test.each(Object.entries(OPENERS))(
      "%s: a patch whose answer is lost fails, and was stored once",
      async (_, open) => {
        const opened = open(through());
        const { backend, drop } = newCase(opened);
        await backend.create("a", newRecord());
        const patch = newPatch({ x: 1 }, { baseVersion: 0 });
        await backend.patch("a", patch);
        const { version } = (await backend.read("a"))!;
        proxy.cutReply(0, { once: true });
        await expect(backend.patch("a", { ...patch, baseVersion: version })).rejects.toThrow();
        proxy.heal();
        await until(() => backend.read("a"));
        expect(await backend.read("a")).toMatchObject({ version: version + 1 });
        await drop();
        await opened.end();
      },
    );

    test.each(Object.entries(OPENERS))("%s: connections that are reset are made anew", async (_, open) => {
      const opened = open(through());
      const { backend, drop } = newCase(opened);
      await Promise.all(Array.from({ length: 20 }, (_, n) => backend.create(handleOf(n), newRecord())));
      proxy.reset();
      await expect(backend.read(handleOf(0))).rejects.toThrow();
      proxy.heal();
      await recovers(() => backend.read(handleOf(0)));
      await drop();
      await opened.end();
    });

    test("pg: connections that lead nowhere are given up after query_timeout", async () => {
      const opened = OPENERS.pg!(through());
      const { backend, drop } = newCase(opened);
      await Promise.all(Array.from({ length: 20 }, (_, n) => backend.create(handleOf(n), newRecord())));
      proxy.halfOpen();
      const calls = await Promise.allSettled(
        Array.from({ length: 10 }, (_, n) => backend.patch(handleOf(n), newPatch({ x: 1 }))),
      );
      expect(calls.map(({ status }) => status)).toEqual(Array(10).fill("rejected"));
      expect(await backend.read(handleOf(0))).toMatchObject({ version: 1 });
      proxy.blackHole();
      await expect(backend.read(handleOf(0))).rejects.toThrow(/timeout/i);
      // Its first use goes nowhere either, and is tried again.
      const late = newCase(opened, { table: newTable() });
      await expect(late.backend.read("a")).rejects.toThrow(/timeout/i);
      proxy.heal();
      await recovers(() => backend.read(handleOf(0)));
      await recovers(() => late.backend.create("a", newRecord()));
      await late.drop();
      await drop();
      await opened.end();
    });
  });
});
