import { createSessions, info, login, logout, type Sessions } from "micropie";
import type { SessionBackend } from "micropie/backends/backend";
import { MovingSessionBackend, moveSessions } from "micropie/backends/moving";
import { PostgresSessionBackend } from "micropie/backends/postgres";
import { RedisSessionBackend } from "micropie/backends/redis";
import { browser } from "micropie/testing";
import pg from "pg";
import { createClient } from "redis";
import { expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { newTable } from "./_mysql.ts";
import { newPrefix } from "./_redis.ts";

interface Data {
  count?: number;
}

const USERS = 12;
const VISITORS = 60;

/** Redis and PostgreSQL, each as every process opens it. */
await onServer("redis", ({ url }) =>
  onServer("postgres", ({ url: postgres }) => {
    const ways = { "Redis to PostgreSQL": false, "PostgreSQL to Redis": true };
    test.each(Object.entries(ways))(
      "%s: nobody is logged out, nothing ended comes back, no increment is lost",
      async (_, isBack) => {
        const client = await createClient({ url }).connect();
        const pool = new pg.Pool({ connectionString: postgres, max: 10 });
        const [prefix, table] = [newPrefix(), newTable()];
        const stores = (): [SessionBackend, SessionBackend] => {
          const both: [SessionBackend, SessionBackend] = [
            new RedisSessionBackend(client, { prefix }),
            new PostgresSessionBackend(pool, { table }),
          ];
          return isBack ? [both[1], both[0]] : both;
        };
        const engine = (move: boolean): Sessions<Data> => {
          const [from, to] = stores();
          return createSessions<Data>({ backend: new MovingSessionBackend({ from, to, move }) });
        };
        try {
          const [source, target] = stores();
          const before = createSessions<Data>({ backend: source });
          const visitors = await Promise.all(
            Array.from({ length: VISITORS }, async (_, n) => {
              const visitor = browser(before);
              await visitor.request((session) => {
                session.count = 0;
                login(session, `user ${n % USERS}`);
              });
              return { cookie: visitor.cookie, user: `user ${n % USERS}`, count: 0, ended: false };
            }),
          );
          const engines = [engine(false), engine(true), engine(true)];
          const any = () => engines[Math.floor(Math.random() * engines.length)]!;

          /** One visitor's requests: each adds one, and some log out. */
          const visit = async (visitor: (typeof visitors)[number], n: number) => {
            for (let request = 0; request < 12; request++) {
              const sessions = any();
              const session = await sessions.load(visitor.cookie);
              if (info(session).userId !== visitor.user) {
                expect(visitor.ended).toBe(true);
                return;
              }
              if (n % 7 === 3 && request === 5) {
                logout(session);
                await sessions.commit(session);
                visitor.ended = true;
                continue;
              }
              if (visitor.ended) continue;
              const { handle } = info(session);
              await sessions
                .update({ handle: handle! }, "count", (count) => (count ?? 0) + 1)
                .then(
                  () => visitor.count++,
                  (error: unknown) => {
                    if (!visitor.ended) throw error;
                  },
                );
            }
          };
          /** A mover that is stopped again and again. */
          const moving = (async () => {
            for (let tries = 0; ; tries++) {
              const control = new AbortController();
              const onProgress = () => tries < 5 && control.abort();
              const done = await moveSessions({
                from: source,
                to: target,
                atOnce: 4,
                onProgress,
                signal: control.signal,
              }).catch(() => undefined);
              if (done !== undefined) return done;
            }
          })();
          const revoking = (async () => {
            for (const visitor of visitors) if (visitor.user === "user 5") visitor.ended = true;
            await any().revoke({ userId: "user 5" });
          })();
          await Promise.all([moving, revoking, ...visitors.map(visit)]);
          expect(await moveSessions({ from: source, to: target })).toMatchObject({ left: 0 });

          expect(await source.scan({ limit: 100 })).toEqual({ sessions: [], cursor: undefined });
          const after = createSessions<Data>({ backend: target });
          for (const { cookie, user, count, ended } of visitors) {
            const session = await after.load(cookie);
            expect([info(session).userId, session.count]).toEqual(
              ended ? [undefined, undefined] : [user, count],
            );
          }
        } finally {
          await pool.end();
          client.destroy();
        }
      },
    );
  }),
);
