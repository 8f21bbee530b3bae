import { setTimeout as pause } from "node:timers/promises";
import { createSessions, info, login } from "micropie";
import { eventStore, recordEvents } from "micropie/recorder";
import { afterEach, beforeAll, expect, test } from "vitest";
import { ensureDist, main, root } from "../_command.ts";
import { begin, micropie } from "../_operated.ts";
import { endTerminals, hasTerminal, KEYS, Terminal } from "../_terminal.ts";
import { onServer } from "../servers/on-server.ts";
import { command as redisCommand, startRedis } from "../servers/redis.ts";
import { MoveCommand, urlOf } from "./move-command.ts";
import { openStore, type StoreSpec } from "./stores.ts";

const MANY = 3000;

beforeAll(ensureDist);
afterEach(endTerminals);

await onServer("redis", ({ url }) =>
  onServer("postgres", ({ url: postgresUrl }) => {
    const redis = (prefix: string): StoreSpec => ({ kind: "redis", url, prefix });
    const postgres = (table: string): StoreSpec => ({ kind: "postgres", url: postgresUrl, table });

    test("a copy that is killed goes on, and its figures are exact", async () => {
      const [from, to] = [redis("cli-copied:"), postgres("cli_copy")];
      const [source, target] = [await openStore(from), await openStore(to)];
      try {
        const people = Array.from({ length: MANY }, (_, n) => ({
          user: `user ${n}`,
          data: { token: "t0p" },
        }));
        const { handles } = await begin(source.backend, people);
        // Makes the table.
        await target.backend.read("AAAAAAAAAAAAAAAA");
        const args = ["--store", urlOf(from), "--to", urlOf(to), "--copy", "--redact", "token", "--yes"];
        const first = new MoveCommand(...args);
        const count = async () => (await target.backend.countAll()).sessions;
        while ((await count()) < MANY / 10) await pause(10);
        first.kill();
        expect((await first.over).code).toBeNull();
        const before = await count();
        expect(before).toBeLessThan(MANY);
        const { code, told, err } = await new MoveCommand(...args).over;
        expect(code, err).toBe(0);
        expect(told).toEqual({ copied: MANY - before, there: before, left: 0 });
        const copies = await createSessions<{ token: string }>({ backend: target.backend }).list().toArray();
        expect(copies.map(({ handle }) => handle).sort()).toEqual([...handles].sort());
        expect(new Set(copies.map(({ data }) => data.token))).toEqual(new Set(["[redacted]"]));
        const live = await createSessions<{ token: string }>({ backend: source.backend }).list().toArray();
        expect([live.length, new Set(live.map(({ data }) => data.token))]).toEqual([MANY, new Set(["t0p"])]);
      } finally {
        for (const store of [source, target]) {
          await store.backend.close();
          await store.close();
        }
      }
    });

    test.skipIf(!hasTerminal)(
      "Ctrl-C stops a move, which says how many it has moved; the same command moves the rest",
      async () => {
        const [from, to] = [redis("cli-stopped:"), postgres("cli_stopped")];
        const [source, target] = [await openStore(from), await openStore(to)];
        try {
          const people = Array.from({ length: 2 * MANY }, (_, n) => ({ user: `user ${n}`, data: { n } }));
          const { handles } = await begin(source.backend, people);
          await target.backend.read("AAAAAAAAAAAAAAAA");
          const command = ["sessions", "move", "--store", urlOf(from), "--to", urlOf(to), "--at-once", "1"];
          const first = new Terminal([process.execPath, main, ...command], { cwd: root });
          await first.shows(/This moves about [\d,]+ sessions from redis:/);
          await first.shows("[y/N]");
          first.press(`y${KEYS.enter}`);
          await first.shows(/Moving .*% \| [\d,]+ of [\d,]+ \| [\d,]+ a second \| \d+ (s|min) left/);
          first.press(KEYS.interrupt);
          const { code, screen } = await first.end();
          expect(code, screen).toBe(130);
          expect(screen).toContain("interrupted. The same command goes on.");
          const moved = Number(/Moved ([\d,]+) sessions\./.exec(screen)?.[1]?.replace(",", ""));
          expect(moved).toBeGreaterThan(0);
          // Those under way when it was stopped are moved too, and not yet counted.
          const there = (await createSessions({ backend: target.backend }).list().toArray()).length;
          expect(there).toBeGreaterThanOrEqual(moved);
          expect(there).toBeLessThan(2 * MANY);
          const second = await new MoveCommand("--store", urlOf(from), "--to", urlOf(to), "--yes").over;
          expect(second, second.err).toMatchObject({ code: 0, told: { moved: 2 * MANY - there, left: 0 } });
          const all = await createSessions({ backend: target.backend }).list().toArray();
          expect(all.map(({ handle }) => handle).sort()).toEqual([...handles].sort());
          expect(await createSessions({ backend: source.backend }).list().toArray()).toEqual([]);
        } finally {
          for (const store of [source, target]) {
            await store.backend.close();
            await store.close();
          }
        }
      },
      300_000,
    );

    test("a move whose target fails names the target, and keeps what it has moved", async () => {
      const from = redis("cli-broken:");
      const source = await openStore(from);
      const server = await startRedis();
      const to = { kind: "redis", url: server.url, prefix: "cli-broken:" } as const;
      const target = await openStore(to);
      try {
        const people = Array.from({ length: MANY }, (_, n) => ({ user: `user ${n}`, data: { n } }));
        const { handles } = await begin(source.backend, people);
        const command = new MoveCommand("--store", urlOf(from), "--to", urlOf(to), "--yes");
        while ((await target.backend.countAll()).sessions < MANY / 10) await pause(5);
        // It is full from now on.
        await redisCommand(server.port, "CONFIG", "SET", "maxmemory", "1");
        const { code, told, err } = await command.over;
        expect(code, err).toBe(1);
        expect(err).toContain(`micropie: redis://127.0.0.1:${server.port}: OOM`);
        expect(told.moved).toBeGreaterThanOrEqual(0);
        const found = [source, target].map(({ backend }) => createSessions({ backend }).list().toArray());
        const left = (await Promise.all(found)).flat().map(({ handle }) => handle);
        expect([...new Set(left)].sort()).toEqual([...handles].sort());
      } finally {
        for (const store of [source, target]) {
          await store.backend.close();
          await store.close();
        }
        await server.stop();
      }
    });

    test("explain tells a move that the command has made, on both stores", async () => {
      const [from, to] = [redis("cli-moved:"), postgres("cli_moved")];
      const events = redis("cli-moved-events:");
      const [source, target, kept] = [await openStore(from), await openStore(to), await openStore(events)];
      try {
        await target.backend.read("AAAAAAAAAAAAAAAA");
        const sessions = createSessions({ backend: source.backend });
        using recorder = recordEvents(sessions, { store: eventStore(kept.backend) });
        const session = await sessions.load();
        login(session, "ann");
        await sessions.commit(session);
        await recorder.flush();
        const { handle = "" } = info(session);
        const moved = await new MoveCommand(
          ...["--store", urlOf(from), "--to", urlOf(to), "--events", urlOf(events), "--yes"],
        ).over;
        expect(moved, moved.err).toMatchObject({ code: 0, told: { moved: 1, left: 0 } });
        const explain = (store: StoreSpec) =>
          micropie(root, ["sessions", "explain", handle, "--store", urlOf(store), "--events", urlOf(events)]);
        const there = await explain(to);
        expect(there.code, there.err).toBe(0);
        expect(there.out).toMatch(
          /It moved from the store Redis to the store Postgres\.\n.*It is live: user ann/,
        );
        const here = await explain(from);
        expect(here.out).toMatch(/It went on in the store Postgres, which these sessions do not ask/);
      } finally {
        for (const store of [source, target, kept]) {
          await store.backend.close();
          await store.close();
        }
      }
    });
  }),
);
