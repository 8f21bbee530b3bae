import { BackendError, createSessions, login, type Session, type Sessions, take } from "micropie";
import { type ReactRouterSessionsOptions, reactRouterSessions } from "micropie/adapters/react-router";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { requireUser } from "micropie/guards";
import { GatedBackend } from "micropie/testing";
import { expect, test } from "vitest";
import { type ExampleVisitor, exampleVisitor } from "../_example-visitor.ts";
import { type RouteModule, reactRouter, serveRoutes } from "./_react-router-site.ts";

interface Data {
  visits: number;
  name: string;
  notice: string;
}

interface Site {
  readonly store: GatedBackend;
  readonly sessions: Sessions<Data>;
  /** What React Router was told to report. */
  readonly told: readonly unknown[];
  visitor(): ExampleVisitor;
  /** What is stored for this visitor. */
  stored(visitor: ExampleVisitor): Promise<object>;
}

/** Pages, behind the middleware: React Router makes the answer, and shows errors in it. */
export function pageCases(): void {
  const page = { default: () => null };

  test("an action and the loaders after it have one session, also when its id has changed", async () => {
    const seen: unknown[] = [];
    await onPages(
      (session) => ({
        "/sign-in": {
          ...page,
          action: (args) => {
            login(session(args), "ann");
            session(args).name = "Ann";
            return null;
          },
          loader: (args) => {
            seen.push(session(args).name);
            return null;
          },
        },
      }),
      async ({ visitor, stored }) => {
        const ann = visitor();
        expect((await ann.post("/sign-in")).status).toBe(200);
        expect(seen).toEqual(["Ann"]);
        expect(await stored(ann)).toEqual({ name: "Ann" });
        await ann.post("/sign-in");
        expect(seen).toEqual(["Ann", "Ann"]);
      },
    );
  });

  test("what a guard throws sends the client router to sign in, in React Router's form, and saves nothing", () =>
    onPages(
      (session) => ({
        "/mine": {
          ...page,
          loader: (args) => {
            session(args).visits = 99;
            return requireUser(session(args));
          },
          action: (args) => requireUser(session(args)),
        },
      }),
      async ({ store, visitor }) => {
        const ann = visitor();
        for (const answer of [
          await ann.get("/mine.data?a=1&_routes=root%2C%2Fmine"),
          await ann.post("/mine.data?a=1"),
        ]) {
          expect(answer.status).toBe(202);
          expect(answer.headers.get("x-remix-response")).toBe("yes");
          expect(answer.headers.get("cache-control")).toContain("no-store");
          expect(await answer.text()).toMatch(/"redirect","\/sign-in(\?back=%2Fmine%3Fa%3D1)?"/);
        }
        const text = await (await ann.get("/mine.data?a=1")).text();
        expect(text).toContain("/sign-in?back=%2Fmine%3Fa%3D1");
        expect(ann.jar.size).toBe(0);
        expect(store.writes).toBe(0);
      },
      { signIn: "/sign-in" },
    ));

  test.each(["/fails", "/fails.data"])("an action that throws saves nothing: %s", (path) =>
    onPages(
      (session) => ({
        "/fails": {
          ...page,
          action: (args) => {
            session(args).name = "lost";
            throw new Error("the action failed");
          },
        },
      }),
      async ({ store, visitor, stored }) => {
        const [ann, bob] = [visitor(), visitor()];
        await ann.post("/count");
        store.forget();
        for (const who of [ann, bob]) expect((await who.post(path)).status).toBe(500);
        expect(store.writes).toBe(0);
        expect(bob.jar.size).toBe(0);
        expect(await stored(ann)).toEqual({ visits: 1 });
      },
    ),
  );

  test.each(["/fails", "/fails.data"])("a loader that throws saves nothing: %s", (path) =>
    onPages(
      (session) => ({
        "/fails": {
          ...page,
          loader: (args) => {
            session(args).name = "lost";
            throw new Error("the loader failed");
          },
        },
      }),
      async ({ visitor }) => {
        const ann = visitor();
        expect((await ann.get(path)).status).toBe(500);
        expect(ann.jar.size).toBe(0);
      },
    ),
  );

  test("what is thrown as an answer below 500 saves", async () => {
    const { data, redirect } = await reactRouter();
    const routes = (session: SessionOf): Record<string, RouteModule> => ({
      "/gone": {
        ...page,
        action: (args) => {
          session(args).name = "kept";
          throw data("gone", { status: 410 });
        },
      },
      "/away": {
        ...page,
        action: (args) => {
          session(args).name = "kept";
          throw redirect("/");
        },
      },
    });
    await onPages(routes, async ({ visitor, stored }) => {
      for (const [path, status] of [
        ["/gone", 410],
        ["/gone.data", 410],
        ["/away", 302],
        ["/away.data", 202],
      ] as const) {
        const ann = visitor();
        const response = await ann.post(path);
        expect([path, response.status]).toEqual([path, status]);
        expect(response.headers.get("cache-control")).toBe("no-store");
        expect(await stored(ann)).toEqual({ name: "kept" });
      }
    });
  });

  test("what a promise of a loader changes while the page streams is saved at its end", async () => {
    const routes = (session: SessionOf): Record<string, RouteModule> => ({
      "/later": {
        ...page,
        loader: (args) => {
          const later = new Promise<string>((resolve) => {
            setTimeout(() => {
              session(args).name = "late";
              resolve("done");
            }, 50);
          });
          return { later };
        },
      },
    });
    await onPages(routes, async ({ visitor, stored }) => {
      for (const path of ["/later", "/later.data"]) {
        const ann = visitor();
        await ann.post("/count");
        expect(await (await ann.get(path)).text()).toContain("done");
        expect(await stored(ann)).toEqual({ visits: 1, name: "late" });
      }
    });
  });

  test("a page whose session cannot be read or saved is the error page, 503, and says nothing of why", () =>
    onPages(
      () => ({}),
      async ({ store, told, visitor, stored }) => {
        const ann = visitor();
        await ann.post("/count");
        for (const [path, verb] of [
          ["/count", "read"],
          ["/count.data", "read"],
          ["/count", "patch"],
          ["/count.data", "patch"],
        ] as const) {
          store.fail([verb]);
          const response = await ann.post(path);
          store.mend();
          expect([path, verb, response.status]).toEqual([path, verb, 503]);
          expect(response.headers.getSetCookie()).toEqual([]);
          const text = await response.text();
          expect(text).toContain("Service Unavailable");
          expect(text).not.toMatch(/the store is down|operation|backend/);
        }
        expect(told.map((error) => (error as { error?: unknown }).error)).toEqual(
          Array.from({ length: 4 }, () => expect.any(BackendError)),
        );
        expect(await stored(ann)).toEqual({ visits: 1 });
      },
    ));

  test("a message is taken once, of however many pages ask at once", () =>
    onPages(
      (session) => ({
        "/notice": { loader: async (args) => (await take(session(args), "notice")) ?? "" },
        "/leave": {
          action: (args) => {
            session(args).notice = "saved!";
            return "left";
          },
        },
      }),
      async ({ visitor }) => {
        const ann = visitor();
        await ann.post("/leave");
        const answers = await Promise.all([1, 2, 3].map(async () => (await ann.get("/notice")).text()));
        expect(answers.sort()).toEqual(["", "", "saved!"]);
      },
    ));
}

type SessionOf = (args: Parameters<NonNullable<RouteModule["loader"]>>[0]) => Session<Data>;

async function onPages(
  make: (session: SessionOf) => Record<string, RouteModule>,
  run: (site: Site) => Promise<void>,
  options: ReactRouterSessionsOptions = {},
): Promise<void> {
  const store = new GatedBackend(new InMemorySessionBackend());
  const sessions = createSessions<Data>({ backend: store });
  const { middleware, context } = reactRouterSessions(sessions, { onError: () => {}, ...options });
  const session: SessionOf = ({ context: values }) => values.get(context);
  const count: RouteModule = {
    default: () => null,
    action: (args) => {
      session(args).visits = (session(args).visits ?? 0) + 1;
      return null;
    },
  };
  const told: unknown[] = [];
  const site = await serveRoutes([middleware], { "/count": count, ...make(session) }, told);
  try {
    await run({
      store,
      sessions,
      told,
      visitor: () => exampleVisitor(site.url),
      stored: async ({ jar }) => ({ ...(await sessions.load(`session_id=${jar.get("session_id")}`)) }),
    });
  } finally {
    await site.close();
  }
}
