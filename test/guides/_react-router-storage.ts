import { createSessions, info, login, type Sessions } from "micropie";
import { type ReactRouterSessions, reactRouterSessions } from "micropie/adapters/react-router";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { cookieSessionLegacy } from "micropie/legacy/cookie-session";
import { moveSessions } from "micropie/legacy/move";
import { GatedBackend, withClock } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { type VirtualEnvironment, virtualEnvironment } from "../../src/testing/clock.ts";
import { LEGACY_KEY, LEGACY_UNTIL, legacyJar } from "./_legacy-jar.ts";
import { reactRouter, serveRoutes } from "./_react-router-site.ts";

interface Data {
  [name: string]: unknown;
  visits: number;
  name: string;
}
interface Messages {
  notice: string;
}
type Storage = ReactRouterSessions<Data, Messages>;

interface Shop {
  readonly clock: VirtualEnvironment;
  readonly store: GatedBackend;
  readonly sessions: Sessions<Data>;
  readonly storage: Storage;
}

function shop(): Shop {
  const clock = virtualEnvironment();
  const store = new GatedBackend(withClock(new InMemorySessionBackend(), clock.now));
  const sessions = createSessions<Data>({ backend: store });
  return { clock, store, sessions, storage: reactRouterSessions<Data, Messages>(sessions) };
}

const cookieOf = (line: string): string => line.split(";", 1)[0]!;

/** A cookie that stands for this data. */
async function visitorOf({ storage }: Shop, data: Record<string, unknown> = { visits: 1 }): Promise<string> {
  const session = await storage.getSession();
  for (const [name, value] of Object.entries(data)) session.set(name, value);
  return cookieOf(await storage.commitSession(session));
}

/** The form that programs have which were written for `createSessionStorage`. */
export function storageCases(): void {
  test("its sessions are what React Router takes for sessions", async () => {
    const { isSession } = await reactRouter();
    expect(isSession(await shop().storage.getSession())).toBe(true);
  });

  describe("does as React Router's own storage does", () => {
    /** What one program sees of a storage: request by request, each with the cookie of the one before. */
    const PROGRAM: readonly (readonly (readonly [method: string, ...args: unknown[]])[])[] = [
      [
        ["has", "visits"],
        ["get", "visits"],
        ["set", "visits", 1],
        ["get", "visits"],
        ["has", "visits"],
      ],
      [["get", "visits"], ["flash", "notice", "hello"], ["has", "notice"], ["data"]],
      [["has", "notice"], ["data"], ["get", "notice"], ["get", "notice"], ["has", "notice"]],
      [["get", "notice"], ["flash", "visits", "hidden"], ["get", "visits"], ["unset", "visits"], ["data"]],
      [
        ["get", "visits"],
        ["get", "visits"],
        ["set", "get", 1],
        ["set", "data", 2],
        ["get", "data"],
        ["data"],
      ],
      [
        ["unset", "get"],
        ["unset", "data"],
        ["unset", "missing"],
        ["set", "__proto__", 3],
        ["has", "__proto__"],
      ],
      [
        ["get", "__proto__"],
        ["get", "constructor"],
        ["has", "toString"],
        ["set", "list", [1, { a: null }]],
      ],
      [["get", "list"], ["data"]],
    ];

    async function run(storage: {
      getSession(cookie?: string | null): Promise<object>;
      commitSession(session: never): Promise<string>;
    }): Promise<unknown[]> {
      const seen: unknown[] = [];
      let cookie: string | undefined;
      for (const steps of PROGRAM) {
        const session = (await storage.getSession(cookie)) as Record<string, unknown>;
        for (const [method, ...args] of steps) {
          const member = session[method];
          seen.push([
            method,
            typeof member === "function" ? member.apply(session, args) : Object.entries(member as object),
          ]);
        }
        const line = await storage.commitSession(session as never);
        if (line !== "") cookie = cookieOf(line);
      }
      return seen;
    }

    test("step by step", async () => {
      const records = new Map<string, object>();
      const { createSessionStorage } = await reactRouter();
      const theirs = createSessionStorage({
        cookie: { name: "s", secrets: ["x"] },
        createData: async (data: object) => {
          records.set("1", structuredClone(data));
          return "1";
        },
        readData: async (id: string) => structuredClone(records.get(id)),
        updateData: async (id: string, data: object) => void records.set(id, structuredClone(data)),
        deleteData: async () => {},
      }) as Parameters<typeof run>[0];
      expect(await run(shop().storage)).toEqual(await run(theirs));
    });
  });

  test("two requests at once that set different keys both keep theirs", async () => {
    const site = shop();
    const cookie = await visitorOf(site);
    const [one, two] = await Promise.all([site.storage.getSession(cookie), site.storage.getSession(cookie)]);
    one.set("name", "Ann");
    two.set("visits", 2);
    expect([await site.storage.commitSession(one), await site.storage.commitSession(two)]).toEqual(["", ""]);
    expect((await site.storage.getSession(cookie)).data).toEqual({ visits: 2, name: "Ann" });
  });

  test("a cookie is answered when it must change, and an empty line when not", async () => {
    const { storage } = shop();
    const session = await storage.getSession(null);
    expect([session.id, await storage.commitSession(session)]).toEqual(["", ""]);
    session.set("visits", 1);
    const line = await storage.commitSession(session);
    expect(line).toMatch(/^session_id=[\w-]{48}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(line).toContain(session.id);
    session.set("visits", 2);
    // It has not been sent yet, as far as anybody here knows.
    expect(await storage.commitSession(session)).toBe(line);
    const next = await storage.getSession(cookieOf(line));
    expect(next.get("visits")).toBe(2);
    expect(await storage.commitSession(next)).toBe("");
  });

  test("a session that is destroyed is over, whoever has its cookie or is still at work with it", async () => {
    const site = shop();
    const cookie = await visitorOf(site);
    const slow = await site.storage.getSession(cookie);
    const line = await site.storage.destroySession(await site.storage.getSession(cookie));
    expect(line).toMatch(/^session_id=; Max-Age=0;/);
    slow.set("name", "late");
    await expect(site.storage.commitSession(slow)).rejects.toMatchObject({ status: 409 });
    expect((await site.storage.getSession(cookie)).data).toEqual({});
    expect(await site.storage.destroySession(await site.storage.getSession())).toBe("");
  });

  test("the verbs take what sessionOf answers", async () => {
    const site = shop();
    const before = await visitorOf(site);
    const session = await site.storage.getSession(before);
    login(site.storage.sessionOf(session), "ann");
    const after = cookieOf(await site.storage.commitSession(session));
    expect(after).not.toBe(before);
    expect((await site.storage.getSession(before)).data).toEqual({});
    expect(info(site.storage.sessionOf(await site.storage.getSession(after))).userId).toBe("ann");
    expect((await site.sessions.list({ userId: "ann" }).toArray()).map(({ handle }) => handle)).toEqual([
      session.id,
    ]);
  });

  test("cookie options and other sessions are refused, saying what to do", async () => {
    const { storage } = shop();
    const session = await storage.getSession();
    await expect(storage.commitSession(session, { maxAge: 60 })).rejects.toThrow(/^maxAge: .*createSessions/);
    await expect(storage.destroySession(session, { path: "/x" })).rejects.toThrow(TypeError);
    await expect(storage.commitSession(session, { maxAge: undefined })).resolves.toBe("");
    await expect(storage.commitSession({ ...session })).rejects.toThrow(/not a session/);
  });

  test("who only reads is not forgotten", async () => {
    const site = shop();
    const cookie = await visitorOf(site);
    for (let hours = 0; hours < 20; hours += 5) {
      site.clock.advance(5 * 3600);
      expect((await site.storage.getSession(cookie)).get("visits")).toBe(1);
    }
  });

  test("a store that is down is an answer of 503, and nothing is lost", async () => {
    const site = shop();
    const cookie = await visitorOf(site);
    const { storage } = site;
    const server = await serveRoutes([], {
      "/count": {
        async action({ request }) {
          const session = await storage.getSession(request.headers.get("cookie"));
          session.set("visits", (session.get("visits") ?? 0) + 1);
          return new Response("counted", { headers: { "Set-Cookie": await storage.commitSession(session) } });
        },
      },
    });
    const post = () => fetch(new URL("/count", server.url), { method: "POST", headers: { cookie } });
    try {
      for (const verb of ["read", "patch"] as const) {
        site.store.fail([verb]);
        const response = await post();
        site.store.mend();
        expect(response.status).toBe(503);
        expect(await response.text()).not.toContain("the store is down");
      }
      expect([(await post()).status, (await storage.getSession(cookie)).get("visits")]).toEqual([200, 2]);
    } finally {
      await server.close();
    }
  });

  test("a session of another library is left where it is, as getSession can send no cookie", async () => {
    const store = new GatedBackend(new InMemorySessionBackend());
    const legacy = moveSessions({
      readers: [cookieSessionLegacy({ keys: [LEGACY_KEY] })],
      until: LEGACY_UNTIL,
    });
    const { getSession } = reactRouterSessions(createSessions<Data>({ backend: store, legacy }));
    const header = Array.from(legacyJar({ visits: 7 }), (pair) => pair.join("=")).join("; ");
    expect((await getSession(header)).data).toEqual({});
    expect(store.calls).toEqual([]);
  });
}
