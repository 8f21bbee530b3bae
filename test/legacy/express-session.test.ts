import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import session, { type Store } from "express-session";
import createMemoryStore from "memorystore";
import { BackendError, ConfigError } from "micropie";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ExpressSessionLegacyOptions, expressSessionLegacy } from "../../src/legacy/express-session.ts";
import { FileStore } from "../backends/_connect-stores.ts";
import { ANN, oldSite } from "./_express.ts";
import { newSite, readWith, seenWith, tampered, Visitor } from "./_site.ts";

function fileStore(): Store {
  const path = mkdtempSync(join(tmpdir(), "micropie-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return new FileStore({ path, retries: 0, reapInterval: -1, logFn: () => {} }) as unknown as Store;
}

const stores: Record<string, () => Store> = {
  MemoryStore: () => new session.MemoryStore(),
  memorystore: () => new (createMemoryStore(session))({ checkPeriod: 3_600_000 }),
  "session-file-store": fileStore,
};

describe.each(Object.entries(stores))("express-session with %s", (_, store) => {
  test("who is signed in there is signed in here, and the old cookie and record end", async () => {
    const old = await oldSite({ store: store() });
    const site = await newSite(old.reader(), {}, { userIdOf: (data) => data.user as string });
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    const stolen = ann.header;
    expect(await seenWith(old.url, stolen)).toMatchObject(ANN);
    expect(await ann.see(site.url)).toEqual(ANN);
    expect(Object.keys(ann.cookies)).toEqual(["session_id"]);
    expect(ann.setCookie[0]).toBe(
      "connect.sid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax",
    );
    expect(await seenWith(old.url, stolen)).toEqual({});
    expect(await ann.see(site.url)).toEqual(ANN);
    expect(ann.setCookie).toEqual([]);
    expect(await site.sessions.list({ userId: "ann" }).toArray()).toHaveLength(1);
    await ann.get(site.url, "/logout");
    expect(ann.cookies).toEqual({});
    expect(await seenWith(site.url, stolen)).toEqual({});
  });

  test("whose record is gone has no session, in either", async () => {
    const old = await oldSite({ store: store() });
    const site = await newSite(old.reader());
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    const sid = /s:(.*)\./.exec(decodeURIComponent(ann.header))![1]!;
    await new Promise((done) => old.store.destroy(sid, done));
    expect(await seenWith(old.url, ann.header)).toEqual({});
    expect(await ann.see(site.url)).toEqual({});
    expect(site.backend.writes).toBe(0);
  });
});

test("a cookie with anything changed is refused as express-session refuses it", async () => {
  const old = await oldSite();
  const ann = new Visitor();
  await ann.get(old.url, "/login");
  const reader = old.reader();
  const accepted: string[] = [];
  for (const [label, header] of tampered(ann.cookies)) {
    const seen = await seenWith(old.url, header);
    expect([label, await readWith(reader, header)]).toEqual([label, seen]);
    if (seen.user) accepted.push(label.replace("connect.sid: ", ""));
  }
  expect(accepted).toEqual(["quoted", "spaces", "decoded", "every character encoded"]);
  // What cookie-parser signs for something else is no session.
  const bare = ann.header.replace("s%3A", "");
  expect([await readWith(reader, bare), await seenWith(old.url, bare)]).toEqual([{}, {}]);
});

test("of several secrets each is taken, and no other", async () => {
  const store = new session.MemoryStore();
  const before = await oldSite({ store, secret: "of last year" });
  const between = await oldSite({ store, secret: ["of this year", "of last year"] });
  const [ann, bob] = [new Visitor(), new Visitor()];
  await ann.get(before.url, "/login");
  await bob.get(between.url, "/login");
  const both = between.reader();
  for (const { header } of [ann, bob]) {
    expect(await seenWith(between.url, header)).toEqual(ANN);
    expect(await readWith(both, header)).toEqual(ANN);
  }
  expect(await readWith(between.reader({ secret: Buffer.from("of last year") }), ann.header)).toEqual(ANN);
  expect(await readWith(between.reader({ secret: "of last year" }), bob.header)).toEqual({});
});

test("an expired session is refused as its store refuses it", async () => {
  const old = await oldSite({ cookie: { maxAge: 60_000 } });
  const ann = new Visitor();
  await ann.get(old.url, "/login");
  const { header } = ann;
  const sid = /s:(.*)\./.exec(decodeURIComponent(header))![1]!;
  const { sessions } = old.store as unknown as { sessions: Record<string, string> };
  expect(await readWith(old.reader(), header)).toEqual(ANN);
  const record = JSON.parse(sessions[sid]!) as { cookie: object };
  sessions[sid] = JSON.stringify({
    ...record,
    cookie: { ...record.cookie, expires: new Date(Date.now() - 1) },
  });
  expect(await readWith(old.reader(), header)).toEqual({});
  expect(await seenWith(old.url, header)).toEqual({});
});

test("a session with a maxAge keeps it, and its cookie outlives the browser; the others get the defaults", async () => {
  const old = await oldSite();
  const site = await newSite(old.reader());
  const [ann, bob] = [new Visitor(), new Visitor()];
  await ann.get(old.url, "/login?remember=1");
  await bob.get(old.url, "/login");
  await ann.get(site.url);
  await bob.get(site.url);
  const line = (visitor: Visitor) => visitor.setCookie.find((each) => each.startsWith("session_id="));
  expect(line(ann)).toMatch(/; Max-Age=(2592000|2591999);/);
  expect(line(bob)).not.toMatch(/Max-Age/);
  const left = await Promise.all(
    [ann, bob].map(async (visitor) => {
      const record = await site.backend.inner.read(visitor.cookies.session_id!.slice(0, 16));
      return Math.round(record!.expiresAt - record!.now);
    }),
  );
  expect(left).toEqual([86_400, 28_800]);
});

test("name, path, domain and flags of the removal are those of the old cookie", async () => {
  const cookie = {
    path: "/app",
    domain: "example.com",
    secure: true,
    sameSite: "none",
    partitioned: true,
  } as const;
  const lines = (more: Partial<ExpressSessionLegacyOptions>) =>
    expressSessionLegacy({ secret: "s", store: new session.MemoryStore(), ...more }).removal;
  const gone = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
  expect(lines({ name: "sid", cookie })).toEqual([
    `sid=; ${gone}; Path=/app; Domain=example.com; HttpOnly; Secure; SameSite=None; Partitioned`,
  ]);
  expect(lines({ cookie: { secure: "auto", sameSite: true, httpOnly: false } })).toEqual([
    `connect.sid=; ${gone}; Path=/; SameSite=Strict`,
  ]);
  expect(lines({ name: "__Host-sid", cookie: { path: "/x", domain: "x.org" } })).toEqual([
    `__Host-sid=; ${gone}; Path=/; HttpOnly; Secure; SameSite=Lax`,
  ]);
});

test("a cookie on a path of its own is taken away too", async () => {
  const old = await oldSite({ name: "sid", cookie: { path: "/app" } });
  expect(old.reader().removal[0]).toContain("Path=/app");
});

test("a store that fails is an error, and the next request finds everything", async () => {
  const old = await oldSite();
  const ann = new Visitor();
  await ann.get(old.url, "/login");
  let broken: Error | undefined = new Error("the old store is down");
  const store: ExpressSessionLegacyOptions["store"] = {
    get: (sid, done) => (broken ? done(broken) : old.store.get(sid, done)),
    destroy: (sid, done) => old.store.destroy(sid, done),
  };
  const site = await newSite(old.reader({ store }));
  expect((await ann.get(site.url)).status).toBe(503);
  expect(ann.setCookie).toEqual([]);
  await expect(site.sessions.load(ann.header)).rejects.toThrow(BackendError);
  broken = undefined;
  expect(await ann.see(site.url)).toEqual(ANN);
});

test("when the handler throws, the next request finds the session, and the old cookie ends then", async () => {
  const old = await oldSite();
  const site = await newSite(old.reader());
  const ann = new Visitor();
  await ann.get(old.url, "/login");
  expect((await ann.get(site.url, "/fail")).status).toBe(500);
  expect(await ann.see(site.url)).toEqual(ANN);
  expect(Object.keys(ann.cookies)).toEqual(["session_id"]);
});

test("keys that are no good are refused at the start", () => {
  const store = new session.MemoryStore();
  const wrong: [string, object][] = [
    ["secret", { store }],
    ["secret", { store, secret: "" }],
    ["secret", { store, secret: [] }],
    ["secret", { store, secret: ["a", 1] }],
    ["store", { secret: "s" }],
    ["store", { secret: "s", store: { get() {} } }],
    ["cookie.name", { secret: "s", store, name: "a b" }],
    ["cookie.path", { secret: "s", store, cookie: { path: "app" } }],
    ["cookie.domain", { secret: "s", store, cookie: { domain: "a b" } }],
  ];
  for (const [option, options] of wrong) {
    expect(() => expressSessionLegacy(options as ExpressSessionLegacyOptions), option).toThrow(ConfigError);
    expect(() => expressSessionLegacy(options as ExpressSessionLegacyOptions)).toThrow(`${option}: `);
  }
});
