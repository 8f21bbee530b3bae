import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { Server as Current } from "engine.io";
import { Server as Before } from "engine.io-6.5";
import realSession from "express-session";
import { createSessions, InMemorySessionBackend, type SessionBackend, type Sessions } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { nodeSessions } from "micropie/adapters/node";
import session from "micropie/compat/drop-in";
import { GatedBackend } from "micropie/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../_until.ts";
import { Jar } from "../compat/_scenario.ts";
import { GatedStore } from "../compat/_site.ts";

type Middleware = (req: never, res: never, next: (error?: unknown) => void) => unknown;
interface Counted {
  session: { count?: number; save(done?: (error?: unknown) => void): unknown };
}

/** The response of 6.5 has no `on`; that of 6.6 has, and no `headersSent`. */
const RELEASES = { "6.5": Before, "6.6": Current };

interface Site {
  /** Connects as a client that knows WebSocket only. Returns the head of the answer, or the status that refused it. */
  connect(jar: Jar): Promise<IncomingMessage>;
  readonly counts: number[];
}

async function site(
  release: keyof typeof RELEASES,
  uses: readonly Middleware[],
  saves: boolean,
): Promise<Site> {
  const engine = new RELEASES[release]({ transports: ["websocket"] }) as Current;
  for (const use of uses) engine.use(use as Parameters<typeof engine.use>[0]);
  const counts: number[] = [];
  engine.on("connection", (socket: { request: Counted }) => {
    const { session } = socket.request;
    if (saves) {
      session.count = (session.count ?? 0) + 1;
      session.save();
    }
    counts.push(session.count ?? 0);
  });
  const server = createServer();
  engine.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    engine.close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const connect = async (jar: Jar): Promise<IncomingMessage> => {
    const before = counts.length;
    const asking = request({
      port,
      path: "/engine.io/?EIO=4&transport=websocket",
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-version": "13",
        ...(jar.header && { cookie: jar.header }),
      },
    }).end();
    const heads = ["upgrade", "response"].map((event) => once(asking, event) as Promise<[IncomingMessage]>);
    const [head] = await Promise.race(heads);
    if (head.statusCode !== 101) return head.resume();
    jar.take(head.headers["set-cookie"] ?? []);
    await until(() => expect(counts.length).toBeGreaterThan(before));
    onTestFinished(() => void head.destroy());
    return head;
  };
  return { connect, counts };
}

/** Counts before the head leaves, and does not wait for the store. */
const counting: Middleware = (req: Counted, _res, next) => {
  req.session.count = (req.session.count ?? 0) + 1;
  next();
};

async function threeTimes({ connect, counts }: Site, stored: () => unknown): Promise<number[]> {
  const jar = new Jar();
  for (let time = 1; time <= 3; time++) {
    await connect(jar);
    await until(() => expect(stored()).toBe(time));
  }
  return counts;
}

describe.each(["6.5", "6.6"] as const)(
  "engine.io %s, a client that connects by WebSocket only",
  (release) => {
    const options = { secret: "cat", resave: false, saveUninitialized: true };
    const countIn = (store: GatedStore) => () => JSON.parse([...store.records.values()][0] ?? "{}").count;

    test("express-session counts 1, 2, 3", async () => {
      const { RealGatedStore } = await import("../compat/_site.ts");
      const store = new RealGatedStore() as unknown as GatedStore;
      const made = await site(release, [realSession({ ...options, store }) as never], true);
      expect(await threeTimes(made, countIn(store))).toEqual([1, 2, 3]);
    });

    test("the drop-in counts 1, 2, 3: the cookie of a new session is on the 101", async () => {
      const store = new GatedStore();
      const made = await site(release, [session({ ...options, store }) as never], true);
      expect(await threeTimes(made, countIn(store))).toEqual([1, 2, 3]);
      expect(store.records.size).toBe(1);
    });

    test("the drop-in: what a middleware changed is stored, although nobody saves", async () => {
      const store = new GatedStore();
      const drop = session({ ...options, saveUninitialized: false, store });
      const made = await site(release, [drop as never, counting], false);
      expect(await threeTimes(made, countIn(store))).toEqual([1, 2, 3]);
    });

    test("the drop-in: a session that cannot be read refuses the connection", async () => {
      const store = new GatedStore();
      const { connect } = await site(release, [session({ ...options, store }) as never], true);
      const jar = new Jar();
      await connect(jar);
      store.fail("get");
      expect((await connect(jar)).statusCode).toBe(400);
    });

    const backends: Record<string, () => SessionBackend> = {
      "that answers at once": () => new InMemorySessionBackend(),
      "that answers later": () => new GatedBackend(new InMemorySessionBackend()),
    };
    const adapters = { expressSessions, nodeSessions: (sessions: Sessions<never>) => nodeSessions(sessions) };
    for (const [name, adapter] of Object.entries(adapters)) {
      for (const [answers, make] of Object.entries(backends)) {
        test(`${name} counts 1, 2, 3 on a back-end ${answers}: the cookie of a new session is on the 101`, async () => {
          const backend = make();
          const sessions = createSessions<{ count: number }>({ backend, userIdOf: () => "ann" });
          onTestFinished(() => sessions.close());
          const made = await site(release, [adapter(sessions as Sessions<never>) as never, counting], false);
          const jar = new Jar();
          for (let time = 1; time <= 3; time++) {
            const head = await made.connect(jar);
            expect(head.headers["set-cookie"] ?? []).toHaveLength(time === 1 ? 1 : 0);
            const count = async () =>
              (await sessions.list({ userId: "ann" }).toArray()).map(({ data }) => data.count);
            await until(async () => expect(await count()).toEqual([time]));
          }
          expect(made.counts).toEqual([1, 2, 3]);
        });
      }
    }

    test("expressSessions: an id that exists is not changed without a cookie", async () => {
      const sessions = createSessions<{ count: number }>({
        backend: new GatedBackend(new InMemorySessionBackend()),
      });
      onTestFinished(() => sessions.close());
      const errors: unknown[] = [];
      const again: Middleware = (
        req: { session: { regenerate(done: (error?: unknown) => void): void } },
        _res,
        next,
      ) =>
        req.session.regenerate((error) => {
          errors.push((error as { code?: string } | undefined)?.code);
          next();
        });
      const made = await site(release, [expressSessions(sessions) as never, counting, again], false);
      await made.connect(new Jar());
      expect(errors).toEqual(["headers_sent"]);
    });
  },
);
