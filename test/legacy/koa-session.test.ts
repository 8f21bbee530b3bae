import { once } from "node:events";
import type { AddressInfo } from "node:net";
import Keygrip from "keygrip";
import Koa from "koa";
import koaSession, { type CreateSessionOptions } from "koa-session";
import { ConfigError, type SessionData } from "micropie";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { readHead } from "../../src/core/head.ts";
import { type KoaSessionLegacyOptions, koaSessionLegacy } from "../../src/legacy/koa-session.ts";
import { newSite, readWith, seenWith, tampered, Visitor } from "./_site.ts";

const ANN = { user: "ann", cart: [1, 2] };

class Store {
  readonly texts: Map<string, string> = new Map();
  async get(key: string): Promise<unknown> {
    return JSON.parse(this.texts.get(key) ?? "null");
  }
  async set(key: string, data: unknown): Promise<void> {
    this.texts.set(key, JSON.stringify(data));
  }
  async destroy(key: string): Promise<void> {
    this.texts.delete(key);
  }
}

async function oldSite(
  options: Omit<CreateSessionOptions, "store"> & { store?: Store } = {},
  keys: string[] | Keygrip = ["an old key"],
) {
  const app = new Koa();
  app.keys = keys;
  app.use(koaSession({ ...options } as CreateSessionOptions, app));
  app.use((ctx) => {
    const session = ctx.session as unknown as SessionData & { toJSON(): SessionData };
    if (ctx.path === "/login") Object.assign(session, ANN, ctx.query);
    ctx.body = JSON.stringify(session.toJSON());
  });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const legacy = { ...options, keys } as KoaSessionLegacyOptions;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reader: (more?: Partial<KoaSessionLegacyOptions>) => koaSessionLegacy({ ...legacy, ...more }),
  };
}

const removed = (name: string) =>
  `${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax`;

describe("koa-session with a store", () => {
  for (const signed of [true, false]) {
    test(`who is signed in there is signed in here, and all of the old ends (signed: ${signed})`, async () => {
      const store = new Store();
      const old = await oldSite({ store, signed });
      const site = await newSite(old.reader(), {}, { userIdOf: (data) => data.user as string });
      const ann = new Visitor();
      await ann.get(old.url, "/login");
      const stolen = ann.header;
      expect(Object.keys(ann.cookies)).toHaveLength(signed ? 2 : 1);
      expect(await ann.see(site.url)).toEqual(ANN);
      expect(Object.keys(ann.cookies)).toEqual(["session_id"]);
      const names = signed ? ["koa.sess", "koa.sess.sig"] : ["koa.sess"];
      expect(ann.setCookie.slice(0, -1)).toEqual(names.map(removed));
      expect(store.texts.size).toBe(0);
      expect(await seenWith(old.url, stolen)).toEqual({});
      expect(await site.sessions.list({ userId: "ann" }).toArray()).toHaveLength(1);
      await ann.get(site.url, "/logout");
      expect(await seenWith(site.url, stolen)).toEqual({});
    });
  }

  test("its maxAge is the idle timeout here, and the cookie outlives the browser; `session` has the defaults", async () => {
    const found = async (maxAge: number | "session" | undefined) => {
      const old = await oldSite({ store: new Store(), ...(maxAge === undefined ? {} : { maxAge }) });
      const site = await newSite(old.reader());
      const ann = new Visitor();
      await ann.get(old.url, "/login");
      await ann.get(site.url);
      const record = await site.backend.inner.read(ann.cookies.session_id!.slice(0, 16));
      const { idleTimeout, persistent } = readHead(record!.head);
      return [idleTimeout, persistent];
    };
    expect(await found(3_600_000)).toEqual([3600, true]);
    expect(await found(undefined)).toEqual([86_400, true]);
    expect(await found("session")).toEqual([28_800, false]);
  });
});

describe.each([true, false])("koa-session (with a store: %s)", (stored) => {
  const site = (options: Omit<CreateSessionOptions, "store"> = {}, keys?: string[] | Keygrip) =>
    oldSite(stored ? { ...options, store: new Store() } : options, keys);

  test("an expired session is refused, in either", async () => {
    const old = await site({ maxAge: 60_000 });
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    const { header } = ann;
    const now = Date.now();
    onTestFinished(() => void vi.useRealTimers());
    for (const later of [50_000, 59_000, 61_000]) {
      vi.useFakeTimers({ toFake: ["Date"], now: now + later });
      const expected = later < 60_000 ? ANN : {};
      expect(await seenWith(old.url, header)).toEqual(expected);
      expect(await readWith(old.reader(), header)).toEqual(expected);
    }
  });

  test("a cookie with anything changed is refused as koa-session refuses it", async () => {
    const old = await site();
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    const reader = old.reader();
    const accepted: string[] = [];
    for (const [label, header] of tampered(ann.cookies)) {
      const seen = await seenWith(old.url, header);
      // Spaces, which no browser sends, are part of the value to it.
      if (!label.endsWith("spaces") && !label.endsWith("half a quote"))
        expect([label, await readWith(reader, header)]).toEqual([label, seen]);
      if (seen.user) accepted.push(label);
    }
    expect(accepted).toEqual(["koa.sess: quoted", "koa.sess.sig: quoted"]);
  });

  test("of several keys each is taken, and no other; so is a Keygrip of another kind, and a name", async () => {
    for (const [before, now] of [
      [["of last year"], ["of this year", "of last year"]],
      [new Keygrip(["of last year"], "sha512"), new Keygrip(["of this year", "of last year"], "sha512")],
    ]) {
      const store = stored ? { store: new Store() } : {};
      const first = await oldSite({ key: "sid", ...store }, before);
      const second = await oldSite({ key: "sid", ...store }, now);
      const ann = new Visitor();
      await ann.get(first.url, "/login");
      expect(await readWith(second.reader(), ann.header)).toEqual(ANN);
      expect(await readWith(second.reader({ keys: ["of nobody"] }), ann.header)).toEqual({});
      expect(await seenWith(second.url, ann.header)).toEqual(ANN);
    }
  });
});

describe("koa-session in the cookie", () => {
  test("who is signed in there is signed in here, and both old cookies end", async () => {
    const old = await oldSite();
    const site = await newSite(old.reader(), {}, { userIdOf: (data) => data.user as string });
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    expect(await ann.see(site.url)).toEqual(ANN);
    expect(Object.keys(ann.cookies)).toEqual(["session_id"]);
    expect(ann.setCookie.slice(0, -1)).toEqual(["koa.sess", "koa.sess.sig"].map(removed));
  });

  test("with an `identity` it is one session, however often the cookie changed and whichever of them comes", async () => {
    const old = await oldSite();
    const site = await newSite(old.reader({ identity: ({ id }) => id as string | undefined }));
    const ann = new Visitor();
    await ann.get(old.url, "/login?id=a-random-text");
    const earlier = ann.header;
    await ann.get(old.url, "/login?id=a-random-text&more=1");
    expect(ann.header).not.toBe(earlier);
    expect(await ann.see(site.url)).toMatchObject({ more: "1" });
    expect(await seenWith(site.url, earlier)).toMatchObject({ more: "1" });
    await ann.get(site.url, "/logout");
    expect(await seenWith(site.url, earlier)).toEqual({});
  });

  test("is decoded as the library was told to", async () => {
    const encode = (data: object) => Buffer.from(JSON.stringify(data)).toString("hex");
    const decode = (text: string) => JSON.parse(Buffer.from(text, "hex").toString()) as object;
    const old = await oldSite({ encode, decode });
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    expect(await seenWith(old.url, ann.header)).toEqual(ANN);
    expect(await readWith(old.reader(), ann.header)).toEqual(ANN);
    expect(await readWith(old.reader({ decode: undefined }), ann.header)).toEqual({});
  });
});

test("keys that are no good are refused at the start", () => {
  const wrong: [string, object][] = [
    ["keys", {}],
    ["keys", { keys: [] }],
    ["signed", { signed: false }],
    ["store", { keys: ["a"], store: { get() {} } }],
    ["cookie.name", { keys: ["a"], key: "a b" }],
  ];
  for (const [option, options] of wrong) {
    const make = () => koaSessionLegacy(options as KoaSessionLegacyOptions);
    expect(make, option).toThrow(ConfigError);
    expect(make).toThrow(`${option}: `);
  }
});
