import { login, logout, type Session, StateError, take, update } from "micropie";
import { cookieSessionLegacy } from "micropie/legacy/cookie-session";
import { moveSessions } from "micropie/legacy/move";
import { expect, test } from "vitest";
import { LEGACY_KEY, LEGACY_UNTIL, legacyJar } from "./_legacy-jar.ts";
import { next } from "./_next-site.ts";
import { count, counting, type Data, onStage, shown } from "./_next-stage.ts";

export function componentCases(): void {
  test("a component sees the session, and cannot write to it", () => {
    const seen: unknown[] = [];
    return onStage(
      (ours) => ({
        answer: ours.route((_, session) => {
          login(session, "ann");
          count(session);
          return new Response("welcome");
        }),
        async page() {
          const session = await ours.read();
          for (const write of [
            () => count(session as Session<Data>),
            () => login(session as Session<Data>, "bob"),
            () => logout(session as Session<Data>),
            () => take(session as Session<Data>, "notice"),
            () => update(session as Session<Data>, "visits", () => 9),
          ]) {
            try {
              await write();
              seen.push("nothing thrown");
            } catch (error) {
              seen.push(error instanceof StateError ? error.code : (error as Error).name);
            }
          }
          return shown(ours);
        },
      }),
      async ({ store, guest }) => {
        const ann = guest();
        await ann.post("/sign-in");
        store.forget();
        const page = await ann.get("/page");
        expect(await page.text()).toContain("visits: 1, user: ann");
        expect(seen).toEqual(["TypeError", "read_only", "read_only", "read_only", "read_only"]);
        expect([store.calls, page.headers.getSetCookie()]).toEqual([["read", "read"], []]);
        expect(page.headers.get("cache-control")).toContain("no-store");
      },
    );
  });

  test("who only looks at pages is not forgotten", () =>
    onStage(
      (ours) => ({
        answer: counting(ours),
        page: () => shown(ours),
      }),
      async ({ clock, guest }) => {
        const ann = guest();
        await ann.post("/count");
        for (let hours = 0; hours < 20; hours += 5) {
          clock.advance(5 * 3600);
          expect(await (await ann.get("/page")).text()).toContain("visits: 1");
        }
      },
    ));

  test("a page whose session cannot be read is an error, and logs nobody out", () =>
    onStage(
      (ours) => ({
        answer: counting(ours),
        page: () => shown(ours),
      }),
      async ({ store, guest }) => {
        const ann = guest();
        await ann.post("/count");
        store.fail(["read"]);
        const page = await ann.get("/page");
        store.mend();
        expect([page.status, page.headers.getSetCookie()]).toEqual([500, []]);
        expect(await (await ann.get("/page")).text()).toContain("visits: 1");
      },
    ));
}

export function routeCases(): void {
  test("redirect, notFound and permanentRedirect answer and save, with the cookie and no-store", () =>
    onStage(
      (ours) => ({
        answer: ours.route((request, session) => {
          count(session);
          const { pathname } = new URL(request.url);
          if (pathname === "/moved") next.permanentRedirect("/a;b?c=d;e#f");
          if (pathname === "/away") next.redirect("/home");
          next.notFound();
        }),
      }),
      async ({ guest, stored }) => {
        for (const [method, path, status, location] of [
          ["GET", "/away", 307, "/home"],
          ["POST", "/away", 303, "/home"],
          ["DELETE", "/away", 307, "/home"],
          ["GET", "/moved", 308, "/a;b?c=d;e#f"],
          ["GET", "/gone", 404, null],
        ] as const) {
          const ann = guest();
          const response = method === "POST" ? await ann.post(path) : await ann.ask(path, { method });
          expect([method, path, response.status, response.headers.get("location")]).toEqual([
            method,
            path,
            status,
            location,
          ]);
          expect(response.headers.get("cache-control")).toBe("no-store");
          expect(await stored(ann)).toEqual({ visits: 1 });
        }
      },
    ));

  test("cookies that the handler sets in Next's way go along", () =>
    onStage(
      (ours) => ({
        answer: ours.route(async (_, session) => {
          (await next.cookies()).set({ name: "theme", value: "dark", path: "/" } as never);
          count(session);
          next.redirect("/");
        }),
      }),
      async ({ guest }) => {
        const ann = guest();
        await ann.get("/away");
        expect([...ann.jar.keys()].sort()).toEqual(["session_id", "theme"]);
      },
    ));
}

export function proxyCases(): void {
  test("what the proxy stores shows behind it, and one cookie goes out", () =>
    onStage(
      (ours) => ({
        proxy: ours.proxy((_, session) => {
          count(session);
          return undefined;
        }),
        page: () => shown(ours),
        answer: ours.route((request, session) => {
          count(session);
          return new Response(`visits: ${session.visits}, ${request.headers.get("x-own")}`);
        }),
      }),
      async ({ guest, stored }) => {
        const [ann, bob] = [guest(), guest()];
        ann.jar.set("other", "1");
        const page = await ann.get("/page");
        expect(await page.text()).toContain("visits: 1");
        expect(page.headers.getSetCookie()).toEqual([
          expect.stringMatching(/^session_id=[\w-]{48}; Path=\/; HttpOnly/),
        ]);
        expect([...page.headers.keys()].filter((name) => name.startsWith("x-middleware"))).toEqual([]);
        expect(await stored(ann)).toEqual({ visits: 1 });
        for (const visits of [2, 4]) {
          const behind = await bob.get("/behind/it", { "x-own": "kept" });
          expect(await behind.text()).toBe(`visits: ${visits}, kept`);
          expect(behind.headers.getSetCookie()).toHaveLength(visits === 2 ? 1 : 0);
        }
        expect(await stored(bob)).toEqual({ visits: 4 });
      },
    ));

  test("a session that the proxy ends is not there behind it", () =>
    onStage(
      (ours) => ({
        proxy: ours.proxy((request, session) => {
          if (new URL(request.url).searchParams.has("out")) logout(session);
          else login(session, "ann");
          return undefined;
        }),
        page: () => shown(ours),
      }),
      async ({ guest }) => {
        const ann = guest();
        expect(await (await ann.get("/page")).text()).toContain("user: ann");
        expect(await (await ann.get("/page")).text()).toContain("user: ann");
        expect(await (await ann.get("/page?out")).text()).toContain("user: nobody");
        expect(ann.jar.size).toBe(0);
      },
    ));

  test("headers that the proxy gives to what is behind it stay as they are", () =>
    onStage(
      (ours) => ({
        proxy: ours.proxy((_, session) => {
          count(session);
          // `NextResponse.next({ request: { headers } })`
          const headers = { "x-middleware-next": "1", "x-middleware-override-headers": "x-new" };
          return new Response(null, { headers: { ...headers, "x-middleware-request-x-new": "given" } });
        }),
        answer: ours.route(
          ({ headers }, session) =>
            new Response(`${session.visits} ${headers.get("x-new")} ${headers.get("x-own")}`),
        ),
      }),
      async ({ guest }) => {
        expect(await (await guest().get("/behind/it", { "x-own": "taken out" })).text()).toBe("1 given null");
      },
    ));

  test("the proxy's own answers save, and one whose save fails is not sent", () =>
    onStage(
      (ours) => ({
        proxy: ours.proxy((request, session) => {
          count(session);
          return Response.redirect(new URL("/away", request.url), 307);
        }),
      }),
      async ({ store, guest, stored }) => {
        const ann = guest();
        const away = await ann.get("/behind/it");
        expect([away.status, away.headers.get("cache-control")]).toEqual([307, "no-store"]);
        for (const verb of ["read", "patch"] as const) {
          store.fail([verb]);
          expect((await ann.get("/behind/it")).status).toBe(503);
          store.mend();
        }
        expect(await stored(ann)).toEqual({ visits: 1 });
      },
    ));

  test("cookies that the proxy sets itself go along, in either of Next's ways", () =>
    onStage(
      (ours) => ({
        proxy: ours.proxy(async ({ url }, session) => {
          count(session);
          if (url.includes("/jar")) (await next.cookies()).set({ name: "theme", value: "dark" } as never);
          return new Response(null, { headers: { "x-middleware-next": "1", "set-cookie": "own=1" } });
        }),
        answer: ours.route((_, session) => new Response(String(session.visits))),
      }),
      async ({ guest, stored }) => {
        for (const [path, other] of [
          ["/behind/response", "own"],
          ["/behind/jar", "theme"],
        ] as const) {
          const ann = guest();
          expect(await (await ann.get(path)).text()).toBe("1");
          expect([...ann.jar.keys()].sort()).toEqual([other, "session_id"].sort());
          expect(await stored(ann)).toEqual({ visits: 1 });
        }
      },
    ));

  test("a static page behind the proxy is kept out of shared caches, and one before a proxy without sessions is not", () =>
    onStage(
      (ours) => ({
        proxy: (request) =>
          request.headers.has("x-open")
            ? ours.proxy()(request)
            : ours.proxy((_, session) =>
                session.visits === undefined ? new Response("no", { status: 403 }) : undefined,
              )(request),
        answer: ours.route((_, session) => new Response(String(count(session)))),
      }),
      async ({ guest }) => {
        const ann = guest();
        await ann.get("/count");
        const page = await ann.get("/behind/static");
        expect(await page.text()).toContain("the same for everybody");
        expect(page.headers.get("cache-control")).toBe("private, no-store");
        expect((await guest().get("/behind/static")).status).toBe(403);
        const open = await guest().get("/behind/static", { "x-open": "1" });
        expect(open.headers.get("cache-control")).toContain("s-maxage");
      },
    ));

  test("without a function, requests pass", () =>
    onStage(
      (ours) => ({ proxy: ours.proxy(), answer: () => new Response("answered") }),
      async ({ store, guest }) => {
        const response = await guest().get("/behind/it");
        expect([await response.text(), response.headers.get("vary"), store.calls]).toEqual([
          "answered",
          null,
          [],
        ]);
      },
    ));

  test("a session of another library moves in the proxy, and never where no cookie can be sent", () =>
    onStage(
      (ours) => ({
        proxy: (request) =>
          request.headers.has("x-proxy")
            ? ours.proxy()(request)
            : new Response(null, { headers: { "x-middleware-next": "1" } }),
        page: () => shown(ours),
      }),
      async ({ store, guest, stored }) => {
        const ann = guest(legacyJar({ visits: 7 }));
        expect(await (await ann.get("/page")).text()).toContain("visits: 0");
        expect([store.calls, ann.jar.has("session")]).toEqual([[], true]);
        expect(await (await ann.get("/page", { "x-proxy": "1" })).text()).toContain("visits: 7");
        expect(await stored(ann)).toEqual({ visits: 7 });
        expect([...ann.jar.keys()]).toEqual(["session_id"]);
        expect(await (await ann.get("/page")).text()).toContain("visits: 7");
      },
      {
        legacy: moveSessions({ readers: [cookieSessionLegacy({ keys: [LEGACY_KEY] })], until: LEGACY_UNTIL }),
      },
    ));
}
