import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createSessions, type Sessions } from "micropie";
import { LayeredSessionBackend } from "micropie/backends/layered";
import { PostgresSessionBackend } from "micropie/backends/postgres";
import { RedisSessionBackend } from "micropie/backends/redis";
import pg from "pg";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { ENDS, pause, signIn } from "./_layered-ends.ts";
import { dropping, newTable } from "./_postgres.ts";
import { newPrefix } from "./_redis.ts";

const LEASE = 0.1;
const SCRIPT = new URL("_layered-process.ts", import.meta.url);

interface Report {
  /** When it began the last read that was served, in microseconds on the machine's steady clock. */
  readonly servedAt: number;
  readonly hits: number;
}

async function report(child: ChildProcess, cookie: string | null = null): Promise<Report> {
  const answer = once(child, "message");
  child.send(cookie as string);
  return (await answer)[0] as Report;
}

function stoppedProcesses(
  kind: string,
  open: () => Promise<[Sessions, string[], () => Promise<unknown>]>,
): void {
  describe(`processes over ${kind} that are stopped while they have a session in their cache`, () => {
    let ender: Sessions;
    let close: () => Promise<unknown>;
    let children: ChildProcess[] = [];
    beforeAll(async () => {
      const [opened, args, closeStore] = await open();
      ender = opened;
      close = closeStore;
      children = [0, 1].map(() => fork(SCRIPT, [...args, String(LEASE)], { execArgv: [] }));
      await Promise.all(children.map((child) => once(child, "message")));
    });
    afterAll(async () => {
      for (const child of children) child.kill("SIGKILL");
      await ender.close();
      await close();
    });

    test("do not serve it when they go on after its end", async () => {
      for (const end of Object.values(ENDS)) {
        const cookie = await signIn(ender, "ann");
        await Promise.all(children.map((child) => report(child, cookie)));
        const [stopped, running] = children as [ChildProcess, ChildProcess];
        for (const child of children) while ((await report(child)).hits === 0) await pause(1);
        await pause(Math.random() * 20);
        stopped.kill("SIGSTOP");
        await end(ender, cookie, "ann");
        const endedAt = Number(process.hrtime.bigint() / 1000n);
        stopped.kill("SIGCONT");
        await pause(30);
        for (const child of [stopped, running]) {
          const { servedAt } = await report(child);
          expect(servedAt).toBeGreaterThan(0);
          expect(servedAt).toBeLessThan(endedAt);
        }
      }
    });

    test("nor if they are stopped and go on at random while it ends", async () => {
      for (let round = 0; round < 10; round++) {
        const cookie = await signIn(ender, "ann");
        await Promise.all(children.map((child) => report(child, cookie)));
        let isOver = false;
        const toggling = children.map(async (child) => {
          while (!isOver) {
            child.kill("SIGSTOP");
            await pause(Math.random() * 40);
            child.kill("SIGCONT");
            await pause(Math.random() * 40);
          }
        });
        await pause(Math.random() * 50);
        await Object.values(ENDS)[round % 5]!(ender, cookie, "ann");
        const endedAt = Number(process.hrtime.bigint() / 1000n);
        await pause(30);
        isOver = true;
        await Promise.all(toggling);
        for (const child of children) expect((await report(child)).servedAt).toBeLessThan(endedAt);
      }
    });
  });
}

await onServer("redis", ({ url }) =>
  stoppedProcesses("Redis", async () => {
    const prefix = newPrefix();
    const client = createClient({ url });
    await client.connect();
    const inner = new RedisSessionBackend(client, { prefix });
    const backend = new LayeredSessionBackend(inner, { redis: client, prefix, lease: LEASE });
    return [createSessions({ backend }), ["redis", url, prefix], async () => client.destroy()];
  }),
);

await onServer("postgres", ({ url }) =>
  stoppedProcesses("PostgreSQL", async () => {
    const table = newTable();
    const client = new pg.Pool({ connectionString: url });
    const inner = new PostgresSessionBackend(client, { table, notify: true });
    await inner.ready();
    const backend = new LayeredSessionBackend(inner, { postgres: client, table, lease: LEASE });
    const close = async () => {
      await client.query(dropping(table));
      await client.end();
    };
    return [createSessions({ backend }), ["postgres", url, table], close];
  }),
);
