import { stringify } from "devalue";
import { createSessions, login, type Session, type Sessions } from "micropie";
import { svelteKitErrors, svelteKitSessions } from "micropie/adapters/sveltekit";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { requireUser } from "micropie/guards";
import { GatedBackend } from "micropie/testing";
import { expect, test } from "vitest";
import { Guest } from "./_guest.ts";
import { remotePath, type SiteEvent, type SvelteKitSite, serveSvelteKit } from "./_sveltekit-site.ts";

interface Data {
  visits: number;
  name: string;
}

interface Stage {
  readonly store: GatedBackend;
  readonly sessions: Sessions<Data>;
  visitor(): Guest;
  /** What is stored for this visitor. */
  stored(visitor: Guest): Promise<object>;
}

const of = (event: SiteEvent): Session<Data> => event.locals.session as Session<Data>;
const count = (event: SiteEvent): number => {
  of(event).visits = (of(event).visits ?? 0) + 1;
  return of(event).visits!;
};

/** SvelteKit's own functions, as the application was built with them. */
const kit = (): { redirect(status: number, location: string): never; error(status: number): never } =>
  (globalThis as unknown as { kit: ReturnType<typeof kit> }).kit;

const COOKIE = /^session_id=[\w-]{48}; (?=.*Path=\/)(?=.*HttpOnly)(?=.*Secure)(?=.*SameSite=lax)/i;

/** Pages, form actions, remote functions and what a request asks of its own application. */
export function kitCases(): void {
  test("a form action saves, with and without JavaScript, and the page after it shows it", () =>
    onStage(
      { action: count, load: (event) => ({ text: `visits: ${of(event).visits ?? 0}` }) },
      async ({ visitor, stored }) => {
        const ann = visitor();
        const page = await ann.post("/page");
        expect(await page.text()).toContain("visits: 1");
        const answer = await enhanced(ann);
        expect(await answer.json()).toMatchObject({ type: "success" });
        expect(await stored(ann)).toEqual({ visits: 2 });
      },
    ));

  test("a form action or load that throws saves nothing, in a page, in JSON and in data for the client router", () =>
    onStage(
      {
        action: (event) => {
          count(event);
          throw new Error("the action failed");
        },
        load: (event) => {
          if (event.url.searchParams.has("count")) count(event);
          if (event.url.searchParams.has("expected")) kit().error(503);
          throw new Error("the load failed");
        },
      },
      async ({ store, visitor }) => {
        const asked: [number, string][] = [];
        for (const ask of [
          (who: Guest) => who.post("/page"),
          enhanced,
          (who: Guest) => who.get("/page?count=1"),
          (who: Guest) => who.get("/page/__data.json?count=1"),
          (who: Guest) => who.get("/page/__data.json?count=1&expected=1"),
        ]) {
          const ann = visitor();
          const response = await ask(ann);
          asked.push([response.status, await response.text()]);
          expect(ann.jar.size).toBe(0);
        }
        expect(asked.map(([status]) => status)).toEqual([500, 500, 500, 200, 200]);
        for (const [, text] of asked.slice(3)) expect(text).toContain('"type":"error"');
        expect(store.writes).toBe(0);
      },
    ));

  test("a remote function saves; one that throws is reported within a 200, and saves nothing", () =>
    onStage(
      {
        command: (event, name) => {
          count(event);
          if (name === "fails") throw new Error("the command failed");
          return "counted";
        },
      },
      async ({ visitor, stored }) => {
        const ann = visitor();
        expect(await (await remote(ann, "counts")).json()).toMatchObject({ type: "result" });
        const failed = await remote(ann, "fails");
        expect([failed.status, await failed.json()]).toEqual([
          200,
          expect.objectContaining({ type: "error" }),
        ]);
        expect(await stored(ann)).toEqual({ visits: 1 });
      },
    ));

  test("fail, error below 500 and redirect are answers, and save", () =>
    onStage(
      {
        action: (event) => {
          count(event);
          if (event.url.search === "?away") kit().redirect(303, "/");
          kit().error(409);
        },
        load: (event) => {
          count(event);
          kit().error(404);
        },
      },
      async ({ visitor, stored }) => {
        for (const [ask, status] of [
          [(who: Guest) => who.post("/page?away"), 303],
          [(who: Guest) => who.post("/page"), 409],
          [(who: Guest) => who.get("/page"), 404],
        ] as const) {
          const ann = visitor();
          expect((await ask(ann)).status).toBe(status);
          expect(Object.keys(await stored(ann))).toEqual(["visits"]);
        }
      },
    ));

  test("without svelteKitErrors only the status counts", () =>
    onStage(
      {
        handleError: () => {},
        load: (event) => {
          count(event);
          throw new Error("the load failed");
        },
      },
      async ({ visitor }) => {
        for (const [path, cookies] of [
          ["/page", 0],
          ["/page/__data.json", 1],
        ] as const) {
          const ann = visitor();
          await ann.get(path);
          expect(ann.jar.size, path).toBe(cookies);
        }
      },
    ));

  test("what a promise of load changes while the page streams is saved at its end", () =>
    onStage(
      {
        action: count,
        load: (event) => {
          const later = new Promise<string>((resolve) => {
            setTimeout(() => {
              of(event).name = "late";
              resolve("done");
            }, 50);
          });
          return { text: `visits: ${of(event).visits}`, later };
        },
      },
      async ({ visitor, stored }) => {
        for (const path of ["/page", "/page/__data.json"]) {
          const ann = visitor();
          await enhanced(ann);
          expect(await (await ann.get(path)).text()).toContain("done");
          expect(await stored(ann)).toEqual({ visits: 1, name: "late" });
        }
      },
    ));

  test("what the request asks of its own application has the same session, also before there is a cookie", () =>
    onStage(
      {
        async answer(event) {
          if (event.url.pathname === "/inner") {
            login(of(event), "ann");
            of(event).name = "inner";
            return new Response("inner");
          }
          count(event);
          const inner = await (await event.fetch("/inner", { method: "POST" })).text();
          return new Response(`${inner} ${of(event).name} ${count(event)}`);
        },
      },
      async ({ store, visitor, stored }) => {
        const ann = visitor();
        for (const [calls, text] of [
          [["create"], "inner inner 2"],
          [["read", "patch"], "inner inner 4"],
        ] as const) {
          store.forget();
          const response = await ann.get("/outer");
          expect(await response.text()).toBe(text);
          expect(response.headers.getSetCookie()).toHaveLength(1);
          expect(store.calls).toEqual(calls);
        }
        expect(await stored(ann)).toEqual({ visits: 4, name: "inner" });
      },
    ));

  test("what is asked without credentials has no session", () =>
    onStage(
      {
        async answer(event) {
          if (event.url.pathname === "/inner") return Response.json({ ...of(event) });
          count(event);
          const asked = await event.fetch("/inner", { credentials: "omit" });
          return new Response(await asked.text());
        },
      },
      async ({ visitor }) => {
        const ann = visitor();
        await ann.get("/outer");
        expect(await (await ann.get("/outer")).text()).toBe("{}");
      },
    ));

  test("a later handle that redirects when the answer is made saves, with the cookie", () =>
    onStage(
      { after: () => kit().redirect(303, "/"), answer: (event) => new Response(String(count(event))) },
      async ({ visitor, stored }) => {
        const ann = visitor();
        expect((await ann.get("/made")).status).toBe(303);
        expect(await stored(ann)).toEqual({ visits: 1 });
      },
    ));

  test("a later handle that redirects saves, with the cookie; one that throws saves nothing", () =>
    onStage(
      {
        later: (event) => {
          count(event);
          if (event.url.pathname === "/away") kit().redirect(303, "/");
          if (event.url.pathname === "/forbidden") kit().error(403);
          if (event.url.pathname === "/broken") throw new Error("the handle failed");
        },
        answer: () => new Response("answered"),
      },
      async ({ store, visitor, stored }) => {
        const [ann, bob] = [visitor(), visitor()];
        expect((await ann.get("/broken")).status).toBe(500);
        expect(store.writes).toBe(0);
        expect((await ann.get("/forbidden")).status).toBe(403);
        expect(store.writes).toBe(0);
        const away = await bob.get("/away");
        expect([away.status, away.headers.get("location")]).toEqual([303, "/"]);
        expect(away.headers.getSetCookie()).toEqual([expect.stringMatching(COOKIE)]);
        expect(await stored(bob)).toEqual({ visits: 1 });
        expect(await (await bob.get("/")).text()).toBe("answered");
        expect(await stored(bob)).toEqual({ visits: 2 });
      },
    ));

  test("a redirect that a later handle throws carries the headers of the session, and the cookies of the application", () =>
    onStage(
      {
        later: (event) => {
          count(event);
          event.cookies.set("own", "1", { path: "/" });
          event.cookies.set("gone", "", { path: "/", maxAge: 0 });
          kit().redirect(308, "/elsewhere");
        },
      },
      async ({ visitor, stored }) => {
        const ann = visitor();
        const moved = await ann.get("/page");
        expect([moved.status, moved.headers.get("location")]).toEqual([308, "/elsewhere"]);
        expect([moved.headers.get("cache-control"), moved.headers.get("vary")]).toEqual([
          "no-store",
          "Cookie",
        ]);
        const names = moved.headers.getSetCookie().map((line) => line.split("=", 1)[0]);
        expect(names).toEqual(["own", "gone", "session_id"]);
        for (const ask of [enhanced, (who: Guest) => who.get("/page/__data.json")]) {
          const bob = visitor();
          const answer = await ask(bob);
          expect([answer.status, await answer.json()]).toEqual([
            200,
            expect.objectContaining({ type: "redirect", location: "/elsewhere" }),
          ]);
          expect([...bob.jar.keys()].sort()).toEqual(["own", "session_id"]);
          expect(await stored(bob)).toEqual({ visits: 1 });
        }
      },
    ));

  test("what a guard throws sends the client router and an enhanced form to sign in, in SvelteKit's form, and saves nothing", () =>
    onStage(
      {
        signIn: "/sign-in",
        load: (event) => {
          count(event);
          if (event.url.searchParams.has("catch")) {
            try {
              requireUser(of(event));
            } catch {
              return { text: "caught" };
            }
          }
          if (event.url.searchParams.has("later")) {
            const later = new Promise((resolve) => setTimeout(() => resolve("later"), 20));
            return { text: "now", later };
          }
          requireUser(of(event));
          return { text: "a user" };
        },
        action: (event) => requireUser(of(event)),
      },
      async ({ store, visitor }) => {
        const ann = visitor();
        const scripts = { accept: "*/*", "sec-fetch-mode": "cors" };
        const data = await ann.get("/page/__data.json?a=1&b=%26&x-sveltekit-invalidated=01", scripts);
        expect(data.status).toBe(200);
        expect(data.headers.get("cache-control")).toContain("no-store");
        expect(await data.json()).toEqual({
          type: "redirect",
          status: 303,
          location: "/sign-in?back=%2Fpage%3Fa%3D1%26b%3D%2526",
        });
        const form = await enhanced(ann);
        expect([form.status, await form.json()]).toEqual([
          200,
          { type: "redirect", status: 303, location: expect.stringMatching(/^\/sign-in/) },
        ]);
        expect(ann.jar.size).toBe(0);
        expect(store.writes).toBe(0);
        const bob = visitor();
        expect(await (await bob.get("/page/__data.json?catch=1", scripts)).text()).toContain("caught");
        expect(await (await bob.get("/page/__data.json?later=1", scripts)).text()).toContain("later");
      },
    ));

  test("event.fetch with another cookie has the session of that cookie", () => {
    let another = "";
    return onStage(
      {
        answer: async (event) => {
          if (event.url.pathname === "/inner") return new Response(`${of(event).name} ${count(event)}`);
          if (event.url.pathname === "/sign-in") of(event).name = event.url.search;
          if (event.url.pathname !== "/outer") return new Response();
          event.cookies.set("theme", "dark", { path: "/" });
          const asked = async (init?: RequestInit) => (await event.fetch("/inner", init)).text();
          const inner = await asked({ headers: { cookie: another } });
          return new Response(
            [inner, await asked(), await asked({ credentials: "omit" }), of(event).visits].join(),
          );
        },
      },
      async ({ visitor, stored }) => {
        const [ann, bob] = [visitor(), visitor()];
        await ann.get("/sign-in?ann");
        await bob.get("/sign-in?bob");
        another = `session_id=${bob.jar.get("session_id")}`;
        const before = ann.jar.get("session_id");
        expect(await (await ann.get("/outer")).text()).toBe("?bob 1,?ann 1,undefined 1,1");
        expect(await stored(bob)).toEqual({ name: "?bob", visits: 1 });
        ann.jar.set("session_id", before!);
        expect(await stored(ann)).toEqual({ name: "?ann", visits: 1 });
      },
    );
  });

  test("a session that cannot be read or saved is an error of 503, for pages, data and actions", () =>
    onStage(
      { action: count, load: (event) => ({ text: String(of(event).visits) }) },
      async ({ store, visitor, stored }) => {
        const ann = visitor();
        await enhanced(ann);
        store.fail(["read"]);
        for (const path of ["/page", "/page/__data.json"]) expect((await ann.get(path)).status).toBe(503);
        store.mend();
        store.fail(["patch"]);
        for (const ask of [enhanced, (who: Guest) => who.post("/page")]) {
          const response = await ask(ann);
          expect([response.status, response.headers.getSetCookie()]).toEqual([503, []]);
          expect(await response.text()).not.toContain("the store is down");
        }
        store.mend();
        expect(await stored(ann)).toEqual({ visits: 1 });
      },
    ));

  test("a page that does not look at the session neither varies nor asks twice", () =>
    onStage(
      { answer: ({ url, locals }) => new Response(url.pathname === "/look" ? String(locals.session) : "") },
      async ({ visitor }) => {
        const ann = visitor();
        expect((await ann.get("/quiet")).headers.get("vary")).toBeNull();
        expect((await ann.get("/look")).headers.get("vary")).toBe("Cookie");
      },
    ));
}

/** As `use:enhance` sends a form. */
function enhanced(who: Guest): Promise<Response> {
  return who.post("/page", {}, { accept: "application/json", "x-sveltekit-action": "true" });
}

function remote(who: Guest, argument: string): Promise<Response> {
  const payload = Buffer.from(stringify(argument)).toString("base64url");
  return who.post(remotePath(), JSON.stringify({ payload, refreshes: [] }), {
    "content-type": "application/json",
  });
}

async function onStage(
  {
    later,
    after,
    signIn,
    ...site
  }: Partial<SvelteKitSite> & {
    readonly signIn?: string;
    /** What a handle after ours does before it goes on, and when it has the answer. */
    readonly later?: (event: SiteEvent) => void;
    readonly after?: () => void;
  },
  run: (stage: Stage) => Promise<void>,
): Promise<void> {
  const store = new GatedBackend(new InMemorySessionBackend());
  const sessions = createSessions<Data>({ backend: store });
  const ours = svelteKitSessions(sessions, { onError: () => {}, signIn });
  const served = await serveSvelteKit({
    handle: ({ event, resolve }) =>
      ours({
        event,
        resolve: async (next) => {
          later?.(next as unknown as SiteEvent);
          const response = await resolve(next);
          after?.();
          return response;
        },
      }),
    handleError: svelteKitErrors(() => {}),
    ...site,
  });
  try {
    await run({
      store,
      sessions,
      visitor: () => new Guest(served.url),
      stored: async ({ jar }) => ({ ...(await sessions.load(`session_id=${jar.get("session_id")}`)) }),
    });
  } finally {
    await served.close();
  }
}
