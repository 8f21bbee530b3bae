import fastifyCookie from "@fastify/cookie";
import fastifySession, { type FastifySessionOptions } from "@fastify/session";
import fastify from "fastify";
import { ConfigError } from "micropie";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { readHead } from "../../src/core/head.ts";
import { type FastifySessionLegacyOptions, fastifySessionLegacy } from "../../src/legacy/fastify-session.ts";
import { newSite, readWith, seenWith, tampered, Visitor } from "./_site.ts";

const SECRET = "the old secret, of 32 characters or more";
const ANN = { user: "ann", cart: [1, 2] };

/** A store as people write one, of texts. */
class TextStore {
  readonly texts: Map<string, string> = new Map();
  get(sid: string, done: (error: unknown, session?: never) => void): void {
    const text = this.texts.get(sid);
    done(null, text === undefined ? undefined : (JSON.parse(text) as never));
  }
  set(sid: string, session: object, done: (error?: unknown) => void): void {
    this.texts.set(sid, JSON.stringify(session));
    done();
  }
  destroy(sid: string, done: (error?: unknown) => void): void {
    this.texts.delete(sid);
    done();
  }
}

type Store = NonNullable<FastifySessionOptions["store"]>;

async function oldSite(options: Partial<FastifySessionOptions> = {}) {
  const store: Store = options.store ?? new TextStore();
  const all = { secret: SECRET, ...options, cookie: { secure: false, ...options.cookie }, store };
  const app = fastify();
  await app.register(fastifyCookie);
  await app.register(fastifySession, { ...all, saveUninitialized: false });
  app.get<{ Querystring: { age?: string } }>("/login", async (req) => {
    await req.session.regenerate();
    Object.assign(req.session, { user: "ann", cart: [1, 2] });
    if (req.query.age) req.session.cookie.maxAge = Number(req.query.age);
    return {};
  });
  app.get("/", async (req) => {
    const { cookie, ...data } = req.session;
    return data;
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => app.close());
  const legacy = { ...all, secret: all.secret as string };
  return {
    url,
    store,
    reader: (more?: Partial<FastifySessionLegacyOptions>) => fastifySessionLegacy({ ...legacy, ...more }),
  };
}

const stores: Record<string, () => Store> = {
  "its own store": () => new fastifySession.MemoryStore(new Map()),
  "a store of texts": () => new TextStore(),
};

describe.each(Object.entries(stores))("@fastify/session with %s", (_, store) => {
  test("who is signed in there is signed in here, and the old cookie and record end", async () => {
    const old = await oldSite({ store: store() });
    const site = await newSite(old.reader(), {}, { userIdOf: (data) => data.user as string });
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    const stolen = ann.header;
    expect(await seenWith(old.url, stolen)).toEqual(ANN);
    expect(await ann.see(site.url)).toEqual(ANN);
    expect(Object.keys(ann.cookies)).toEqual(["session_id"]);
    expect(ann.setCookie[0]).toMatch(/^sessionId=; Max-Age=0; .*; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(await seenWith(old.url, stolen)).toEqual({});
    expect(await ann.see(site.url)).toEqual(ANN);
    expect(await site.sessions.list({ userId: "ann" }).toArray()).toHaveLength(1);
    await ann.get(site.url, "/logout");
    expect(ann.cookies).toEqual({});
    expect(await seenWith(site.url, stolen)).toEqual({});
  });

  test("a session keeps its cookie's maxAge as its idle timeout", async () => {
    const old = await oldSite({ store: store() });
    const site = await newSite(old.reader());
    const ann = new Visitor();
    await ann.get(old.url, "/login?age=86400000");
    await ann.get(site.url);
    expect(ann.setCookie[1]).toMatch(/^session_id=.*; Max-Age=/);
    const record = await site.backend.inner.read(ann.cookies.session_id!.slice(0, 16));
    expect(readHead(record!.head).idleTimeout).toBe(86_400);
  });

  test("an expired session is refused, in either", async () => {
    const old = await oldSite({ store: store() });
    const ann = new Visitor();
    await ann.get(old.url, "/login?age=60000");
    const { header } = ann;
    expect(await readWith(old.reader(), header)).toEqual(ANN);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_001 });
    onTestFinished(() => void vi.useRealTimers());
    expect(await readWith(old.reader(), header)).toEqual({});
    expect(await seenWith(old.url, header)).toEqual({});
  });
});

describe("a session is judged by its dates as the library does it", () => {
  const past = new Date(Date.now() - 1000).toISOString();
  const soon = new Date(Date.now() + 60_000).toISOString();
  const cookies: Record<string, object | undefined> = {
    "that have passed": { expires: past, originalMaxAge: 60_000 },
    "that are to come": { expires: soon, originalMaxAge: 60_000 },
    "without a maxAge": { expires: past, originalMaxAge: null },
    "that it has none of": { expires: null, originalMaxAge: null },
    "that are not dates": { expires: "soon", originalMaxAge: null },
    "in milliseconds": { expires: Date.now() - 1000 },
    "without a cookie": undefined,
  };
  test.each(Object.entries(cookies))("%s", async (_, cookie) => {
    for (const expires of [undefined, new Date(past)]) {
      const old = await oldSite({
        cookie: { secure: false, ...(expires ? { expires } : {}) },
        rolling: false,
      });
      const { texts } = old.store as TextStore;
      const ann = new Visitor();
      // The cookie of a browser that does not mind the date.
      const [line] = (await ann.get(old.url, "/login")).setCookie;
      const header = line!.split(";")[0]!;
      const [sid, text] = [...texts][0]!;
      texts.set(sid, JSON.stringify({ ...(JSON.parse(text) as object), cookie }));
      const read = await readWith(old.reader(), header);
      expect([expires, read]).toEqual([expires, await seenWith(old.url, header)]);
    }
  });
});

test("a cookie with anything changed is refused as @fastify/session refuses it", async () => {
  const old = await oldSite();
  const ann = new Visitor();
  await ann.get(old.url, "/login");
  const reader = old.reader();
  const accepted: string[] = [];
  for (const [label, header] of tampered(ann.cookies)) {
    const seen = await seenWith(old.url, header);
    // Its parser of cookies leaves quotes where they are; ours takes them off, and the signature still decides.
    if (label !== "sessionId: quoted") expect([label, await readWith(reader, header)]).toEqual([label, seen]);
    if (seen.user) accepted.push(label.replace("sessionId: ", ""));
  }
  // A signature without "+" and "/" is encoded to itself.
  const always = accepted.filter((label) => !["encoded once more", "decoded"].includes(label));
  expect(always).toEqual(["spaces", "every character encoded"]);
});

test("of several secrets each is taken, and no other; so are a prefix, a name and an algorithm", async () => {
  const store = new TextStore();
  const more = { cookieName: "sid", cookiePrefix: "s:", algorithm: "sha512" };
  const before = await oldSite({ store, secret: "x".repeat(32), ...more });
  const between = await oldSite({ store, secret: ["y".repeat(32), "x".repeat(32)], ...more });
  const [ann, bob] = [new Visitor(), new Visitor()];
  await ann.get(before.url, "/login");
  await bob.get(between.url, "/login");
  for (const { header } of [ann, bob]) {
    expect(header).toMatch(/^sid=s%3A|^sid=s:/);
    expect(await seenWith(between.url, header)).toEqual(ANN);
    expect(await readWith(between.reader(), header)).toEqual(ANN);
  }
  expect(await readWith(between.reader({ secret: "x".repeat(32) }), bob.header)).toEqual({});
  expect(await readWith(between.reader({ algorithm: "sha256" }), bob.header)).toEqual({});
  expect(await readWith(between.reader({ cookiePrefix: "" }), bob.header)).toEqual({});
  expect(await readWith(between.reader({ cookieName: "sessionId" }), bob.header)).toEqual({});
});

test("keys that are no good are refused at the start", () => {
  const store = new TextStore();
  const wrong: [string, object][] = [
    ["secret", { store, secret: { sign() {}, unsign() {} } }],
    ["store", { secret: SECRET }],
    ["algorithm", { store, secret: SECRET, algorithm: "rot13" }],
    ["cookie.name", { store, secret: SECRET, cookieName: "a;b" }],
  ];
  for (const [option, options] of wrong) {
    const make = () => fastifySessionLegacy(options as FastifySessionLegacyOptions);
    expect(make, option).toThrow(ConfigError);
    expect(make).toThrow(`${option}: `);
  }
});
