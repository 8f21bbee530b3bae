import type { IncomingMessage, ServerResponse } from "node:http";
import express, { type ErrorRequestHandler } from "express";
import { createSessions, InMemorySessionBackend, type Session, type Sessions } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { nodeSessions } from "micropie/adapters/node";
import { GatedBackend } from "micropie/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask, SlowBackend, serve, Wire } from "./_server.ts";

interface Data {
  visits: number;
}
type Both = IncomingMessage & { session: Session<Data>; admin: Session<Data> };

interface Engines {
  user: Sessions<Data>;
  admin: Sessions<Data>;
  /** Where the admin's sessions are; answers later. */
  store: GatedBackend;
  userStore: GatedBackend;
}

function engines(): Engines {
  const store = new GatedBackend(new InMemorySessionBackend());
  const userStore = new GatedBackend(new InMemorySessionBackend());
  const user = createSessions<Data>({ backend: userStore, lock: { wait: 60 } });
  const admin = createSessions<Data>({ backend: store, cookie: { name: "admin_id" }, lock: { wait: 60 } });
  onTestFinished(async () => {
    store.mend();
    userStore.mend();
    await user.close();
    await admin.close();
  });
  return { user, admin, store, userStore };
}

/** The cookie of a session of this engine that has been here once. */
async function visitor(sessions: Sessions<Data>): Promise<string> {
  const session = await sessions.load(undefined);
  session.visits = 1;
  return (await sessions.commit(session))!.split(";", 1)[0]!;
}

async function visitsOf(sessions: Sessions<Data>, cookie: string): Promise<number | undefined> {
  return (await sessions.load(cookie)).visits;
}

const quiet = { onError: () => {} };

describe("a client that leaves while its exclusive session is awaited", () => {
  test.each(["the first", "the second"])("%s session of the request is not held for ever", async (which) => {
    const { user, admin, store, userStore } = engines();
    const [its, theirs] = which === "the first" ? [userStore, user] : [store, admin];
    const cookie = await visitor(theirs);
    const alone = { ...quiet, exclusive: true };
    const app = express();
    app.use(expressSessions(user, which === "the first" ? alone : quiet));
    app.use(expressSessions(admin, { ...(which === "the second" ? alone : quiet), as: "admin" }));
    app.get("/", (_req, res) => void res.send("here"));
    const port = await serve(app);
    const held = its.hold("lock");
    const left = new Wire(port, "/", { Cookie: cookie });
    await held.reached;
    const gone = new Promise((resolve) => {
      left.socket.once("close", resolve);
    });
    left.socket.destroy();
    await gone;
    // So that the server has noticed by then.
    for (let round = 0; round < 3; round++) await ask(port);
    held.open();
    expect(await ask(port, "/", { cookie })).toMatchObject({ status: 200, body: "here" });
  });
});

describe("a handler with sessions of its own, inside of others", () => {
  test("runs in Express too, whose `next` is not called", async () => {
    const user = createSessions<Data>({ backend: new SlowBackend() });
    const admin = createSessions<Data>({ backend: new SlowBackend(), cookie: { name: "admin_id" } });
    const cookie = await visitor(admin);
    const app = express();
    app.use(expressSessions(user));
    const handler = (req: Both, res: ServerResponse): void => {
      res.end(`admin ${req.admin.visits}`);
    };
    app.get("/", nodeSessions(admin, handler as never, { as: "admin" }) as never);
    const port = await serve(app);
    expect(await ask(port, "/", { cookie })).toMatchObject({ status: 200, body: "admin 1" });
  });

  test.each(["a store that is down", "a handler that rejects"])(
    "%s is an error answer, though nobody waits for what the listener answers",
    async (what) => {
      const { user, admin, store } = engines();
      const cookie = await visitor(admin);
      const inner = nodeSessions(
        admin,
        async (_req, _res) => {
          await null;
          throw new Error("the handler failed");
        },
        { ...quiet, as: "admin" },
      );
      const outer = nodeSessions(
        user,
        (req, res) => {
          inner(req, res);
        },
        quiet,
      );
      const port = await serve(outer);
      const down = what === "a store that is down";
      if (down) {
        const read = store.read.bind(store);
        store.read = async (handle) => {
          await null;
          return read(handle);
        };
        store.fail(["read"]);
      }
      expect((await ask(port, "/", { cookie })).status).toBe(down ? 503 : 500);
    },
  );
});

describe("a second session that cannot be read", () => {
  const app = ({ user, admin }: Engines, answer: (req: Both, res: express.Response) => void) => {
    const failed: ErrorRequestHandler = (_error, req, res, _next) => answer(req as unknown as Both, res);
    return express()
      .use(expressSessions(user, quiet))
      .use(expressSessions(admin, { ...quiet, as: "admin" }))
      .get("/", (_req, res) => void res.send("here"))
      .use(failed);
  };

  test.each(["at once", "later"])("(%s) is a 503 in the error handler, as for the first", async (when) => {
    const all = engines();
    const cookie = await visitor(all.admin);
    const port = await serve(app(all, (_req, res) => void res.send("sorry")));
    fail(all.store, when);
    const { status, headers } = await ask(port, "/", { cookie });
    expect(status).toBe(503);
    expect(headers["cache-control"]).toBe("no-store");
  });

  test("is not replaced by a new one that an error handler writes to", async () => {
    const all = engines();
    const cookie = await visitor(all.admin);
    const port = await serve(
      app(all, (req, res) => {
        req.admin.visits = 100;
        res.redirect("/sorry");
      }),
    );
    fail(all.store, "at once");
    const { headers } = await ask(port, "/", { cookie });
    expect(headers["set-cookie"]).toBeUndefined();
    all.store.mend();
    expect(await visitsOf(all.admin, cookie)).toBe(1);
  });

  function fail(store: GatedBackend, when: string): void {
    if (when === "later") {
      const read = store.read.bind(store);
      store.read = async (handle) => {
        await null;
        return read(handle);
      };
    }
    store.fail(["read"]);
  }
});

test("a session that is mounted after the head has left cannot begin: it would have no cookie", async () => {
  const { user, admin, store } = engines();
  const errors: unknown[] = [];
  const app = express();
  app.use(expressSessions(user, { onError: (error) => errors.push(error) }));
  app.get("/", (_req, res, next) => {
    res.write("one", () => next());
  });
  app.use(expressSessions(admin, { as: "admin" }));
  app.get("/", (req, res) => {
    (req as unknown as Both).admin.visits = 1;
    res.end("two");
  });
  const port = await serve(app);
  for (const cookie of [undefined, "admin_id=none"]) {
    errors.length = 0;
    expect((await ask(port, "/", { cookie })).cut).toBe(true);
    expect(errors).toEqual([expect.objectContaining({ code: "headers_sent" })]);
  }
  expect(store.count("create")).toBe(0);
});
