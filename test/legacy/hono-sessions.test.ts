import { serve as serveHono } from "@hono/node-server";
import { Hono } from "hono";
import { CookieStore, MemoryStore, type Session, sessionMiddleware } from "hono-sessions";
import { BackendError, ConfigError, type SessionData } from "micropie";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { readHead } from "../../src/core/head.ts";
import { type HonoSessionsLegacyOptions, honoSessionsLegacy } from "../../src/legacy/hono-sessions.ts";
import { newSite, readWith, seenWith, tampered, Visitor } from "./_site.ts";

type Options = Parameters<typeof sessionMiddleware>[0];
interface Data {
  user: string;
  cart: number[];
  notice: string;
}
const ANN = { user: "ann", cart: [1, 2] };
const KEY = "the old key, of 32 characters or more";

async function oldSite(options: Options) {
  const app = new Hono<{ Variables: { session: Session<Data> } }>();
  app.use("*", sessionMiddleware({ ...options }) as never);
  app.get("/login", (c) => {
    const session = c.get("session");
    session.set("user", "ann");
    session.set("cart", [1, 2]);
    if (c.req.query("flash")) session.flash("notice", "hello");
    return c.json({});
  });
  app.get("/", (c) => {
    const session = c.get("session");
    const data: SessionData = {};
    for (const key of ["user", "cart", "notice"] as const) {
      const value = session.get(key);
      if (value !== null) data[key] = value;
    }
    return c.json(data);
  });
  const url = await new Promise<string>((resolve) => {
    const server = serveHono({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}`),
    );
    onTestFinished(() => void server.close());
  });
  return {
    url,
    reader: (more?: Partial<HonoSessionsLegacyOptions>) => honoSessionsLegacy({ ...options, ...more }),
  };
}

const kinds: Record<string, () => Options> = {
  "a store": () => ({ store: new MemoryStore() }),
  "a store and a key": () => ({ store: new MemoryStore(), encryptionKey: KEY }),
  "a CookieStore": () => ({ store: new CookieStore(), encryptionKey: () => KEY }),
};

describe.each(Object.entries(kinds))("hono-sessions with %s", (_, kind) => {
  test("who is signed in there is signed in here, flash messages included, and the old cookie ends", async () => {
    const old = await oldSite({ ...kind(), expireAfterSeconds: 3600, cookieOptions: { path: "/" } });
    const site = await newSite(old.reader(), {}, { userIdOf: (data) => data.user as string });
    const ann = new Visitor();
    await ann.get(old.url, "/login?flash=1");
    const stolen = ann.header;
    expect(await ann.see(site.url)).toEqual({ ...ANN, notice: "hello" });
    expect(Object.keys(ann.cookies)).toEqual(["session_id"]);
    expect(ann.setCookie[0]).toMatch(/^session=; Max-Age=0; .*; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(await site.sessions.list({ userId: "ann" }).toArray()).toHaveLength(1);
    const record = await site.backend.inner.read(ann.cookies.session_id!.slice(0, 16));
    expect(readHead(record!.head)).toMatchObject({ idleTimeout: 3600, persistent: false });
    await ann.get(site.url, "/logout");
    expect(await seenWith(site.url, stolen)).toEqual({});
    if ("getSessionById" in (kind().store as object)) expect(await seenWith(old.url, stolen)).toEqual({});
  });

  test("an answer that got lost does no harm", async () => {
    const old = await oldSite(kind());
    const site = await newSite(old.reader());
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    const { header } = ann;
    expect(await seenWith(site.url, header)).toEqual(ANN);
    expect(await ann.see(site.url)).toEqual(ANN);
    expect(site.backend.count("create"), "the session and its marker").toBe(2);
  });

  test("an expired session is refused, in either", async () => {
    const old = await oldSite({ ...kind(), expireAfterSeconds: 60, autoExtendExpiration: false });
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    const { header } = ann;
    const now = Date.now();
    onTestFinished(() => void vi.useRealTimers());
    for (const later of [59_000, 61_000]) {
      vi.useFakeTimers({ toFake: ["Date"], now: now + later });
      const expected = later < 60_000 ? ANN : {};
      expect(await readWith(old.reader(), header)).toEqual(expected);
      expect(await seenWith(old.url, header)).toEqual(expected);
    }
  });

  test("a cookie with anything changed is refused as hono-sessions refuses it", async () => {
    const old = await oldSite(kind());
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    const reader = old.reader();
    const accepted: string[] = [];
    for (const [label, header] of tampered(ann.cookies)) {
      const seen = await seenWith(old.url, header);
      expect([label, await readWith(reader, header)]).toEqual([label, seen]);
      if (seen.user) accepted.push(label.replace("session: ", ""));
    }
    const always = accepted.filter((label) => !["encoded once more", "decoded"].includes(label));
    expect(always).toEqual(["quoted", "spaces", "every character encoded"]);
  });

  test("a prefix and a name are those of the old cookie", () => {
    const cookieOptions = { prefix: "host", path: "/x", domain: "x.org", sameSite: "None" } as const;
    const reader = honoSessionsLegacy({ ...kind(), sessionCookieName: "sid", cookieOptions });
    expect(reader.removal).toEqual([
      "__Host-sid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; Secure; SameSite=None",
    ]);
    const secure = honoSessionsLegacy({ ...kind(), cookieOptions: { prefix: "secure" } });
    expect(secure.removal[0]).toMatch(/^__Secure-session=; .*; Secure; /);
  });
});

test("of a store, every cookie with the same id is the same session, though each is sealed anew", async () => {
  const old = await oldSite({ store: new MemoryStore(), encryptionKey: KEY });
  const site = await newSite(old.reader());
  const ann = new Visitor();
  await ann.get(old.url, "/login");
  const earlier = ann.header;
  await ann.get(old.url);
  expect(ann.header).not.toBe(earlier);
  expect(await ann.see(site.url)).toEqual(ANN);
  expect(await seenWith(site.url, earlier)).toEqual(ANN);
  await ann.get(site.url, "/logout");
  expect(await seenWith(site.url, earlier)).toEqual({});
});

test("cookies of another key are refused, in either", async () => {
  for (const store of [new MemoryStore(), new CookieStore()]) {
    const old = await oldSite({ store, encryptionKey: KEY });
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    expect(await readWith(old.reader(), ann.header)).toEqual(ANN);
    expect(await readWith(old.reader({ encryptionKey: KEY.toUpperCase() }), ann.header)).toEqual({});
  }
});

test("a store that fails is an error, where the library began a new session", async () => {
  const inner = new MemoryStore();
  const old = await oldSite({ store: inner });
  const ann = new Visitor();
  await ann.get(old.url, "/login");
  const store = {
    getSessionById: async () => {
      throw new Error("down");
    },
    deleteSession() {},
  };
  const site = await newSite(old.reader({ store }));
  await expect(site.sessions.load(ann.header)).rejects.toThrow(BackendError);
});

test("a record that is none is no session", async () => {
  const records: unknown[] = [
    null,
    undefined,
    "text",
    [],
    {},
    { _data: null },
    { _data: { a: null, b: {} } },
  ];
  for (const record of records) {
    const reader = honoSessionsLegacy({ store: { getSessionById: () => record, deleteSession() {} } });
    expect(await readWith(reader, "session=1")).toEqual({});
  }
});

test("keys that are no good are refused at the start", () => {
  const store = new MemoryStore();
  const wrong: [string, object][] = [
    ["store", {}],
    ["encryptionKey", { store: new CookieStore() }],
    ["encryptionKey", { store, encryptionKey: "short" }],
    ["cookie.name", { store, sessionCookieName: "a b" }],
  ];
  for (const [option, options] of wrong) {
    const make = () => honoSessionsLegacy(options as HonoSessionsLegacyOptions);
    expect(make, option).toThrow(ConfigError);
    expect(make).toThrow(`${option}: `);
  }
});
