import { getIronSession, type SessionOptions, sealData } from "iron-session";
import { ConfigError, type SessionData } from "micropie";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { readHead } from "../../src/core/head.ts";
import { type IronSessionLegacyOptions, ironSessionLegacy } from "../../src/legacy/iron-session.ts";
import { headerOf, newSite, readWith, seenWith, serve, tampered, Visitor } from "./_site.ts";

const PASSWORD = "the old password, of 32 characters or more";
const OTHER = "of this year, and it is as long as that";
const ANN = { user: "ann", cart: [1, 2] };
const OLD: SessionOptions = { cookieName: "sid", password: PASSWORD, cookieOptions: { secure: false } };

async function oldSite(more: Partial<SessionOptions> = {}) {
  const options: SessionOptions = { ...OLD, ...more };
  const url = await serve(async (req, res) => {
    const session = await getIronSession<SessionData>(req, res, options);
    const { pathname, searchParams } = new URL(req.url!, "http://x");
    if (pathname === "/login") {
      Object.assign(session, ANN, searchParams.has("large") ? { text: "x".repeat(6000) } : {});
      await session.save();
    }
    res.end(JSON.stringify(session));
  });
  return {
    url,
    reader: (given?: Partial<IronSessionLegacyOptions>) => ironSessionLegacy({ ...options, ...given }),
  };
}

test("who is signed in there is signed in here, and the old cookie ends", async () => {
  const old = await oldSite({ ttl: 86_400 });
  const site = await newSite(old.reader(), {}, { userIdOf: (data) => data.user as string });
  const ann = new Visitor();
  await ann.get(old.url, "/login");
  const stolen = ann.header;
  expect(await ann.see(site.url)).toEqual(ANN);
  expect(Object.keys(ann.cookies)).toEqual(["session_id"]);
  expect(ann.setCookie[0]).toBe(
    "sid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax",
  );
  expect(ann.setCookie[1]).toMatch(/; Max-Age=/);
  expect(await site.sessions.list({ userId: "ann" }).toArray()).toHaveLength(1);
  const record = await site.backend.inner.read(ann.cookies.session_id!.slice(0, 16));
  expect(readHead(record!.head).idleTimeout).toBe(86_400);
  await ann.get(site.url, "/logout");
  expect(ann.cookies).toEqual({});
  // The library would still take it.
  expect(await seenWith(old.url, stolen)).toEqual(ANN);
  expect(await seenWith(site.url, stolen)).toEqual({});
});

test("its `ttl` is how long a session lives here, within the limits; a cookie of the browser stays one", async () => {
  const lives = async (more: Partial<SessionOptions>) => {
    const old = await oldSite(more);
    const site = await newSite(old.reader());
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    await ann.get(site.url);
    const record = await site.backend.inner.read(ann.cookies.session_id!.slice(0, 16));
    const { idleTimeout, persistent } = readHead(record!.head);
    return [idleTimeout, persistent];
  };
  expect(await lives({})).toEqual([14 * 86_400, true]);
  expect(await lives({ ttl: 0 })).toEqual([30 * 86_400, true]);
  const cookieOptions = { secure: false, maxAge: undefined } as SessionOptions["cookieOptions"] & object;
  expect(await lives({ cookieOptions })).toEqual([28_800, false]);
});

test("a session that it split over several cookies is one, and all of them end", async () => {
  const old = await oldSite({ chunk: true });
  const site = await newSite(old.reader());
  const ann = new Visitor();
  await ann.get(old.url, "/login?large=1");
  expect(Object.keys(ann.cookies)).toEqual(["sid.0", "sid.1", "sid.2"]);
  const { "sid.1": part, ...others } = ann.cookies;
  const [stolen, rest] = [ann.header, headerOf(others)];
  expect(await readWith(old.reader(), rest)).toEqual({});
  expect(await readWith(old.reader(), headerOf({ ...ann.cookies, "sid.1": part!.toLowerCase() }))).toEqual(
    {},
  );
  expect(await readWith(old.reader({ chunk: false }), stolen)).toMatchObject(ANN);
  expect(await ann.see(site.url)).toMatchObject(ANN);
  expect(Object.keys(ann.cookies)).toEqual(["session_id"]);
});

test("a seal whose time is over is refused after a minute, in either", async () => {
  const old = await oldSite({ ttl: 600 });
  const ann = new Visitor();
  await ann.get(old.url, "/login");
  const { header } = ann;
  const now = Date.now();
  onTestFinished(() => void vi.useRealTimers());
  for (const later of [599_000, 659_000, 661_000]) {
    vi.useFakeTimers({ toFake: ["Date"], now: now + later });
    const expected = later < 660_000 ? ANN : {};
    expect(await seenWith(old.url, header)).toEqual(expected);
    expect(await readWith(old.reader(), header)).toEqual(expected);
  }
});

test("a cookie with anything changed is refused as iron-session refuses it", async () => {
  const old = await oldSite();
  const ann = new Visitor();
  await ann.get(old.url, "/login");
  const reader = old.reader();
  const [seal] = ann.cookies.sid!.split("~", 1);
  const last = `sid: character ${seal!.length - 1}`;
  let taken = 0;
  for (const [label, header] of tampered(ann.cookies)) {
    const seen = await seenWith(old.url, header);
    const read = await readWith(reader, header);
    // Base64 has bits to spare in its last character; the library reads over them, this does not.
    if (label === last) expect(read).toEqual({});
    // Its parser of cookies leaves quotes where they are; ours takes them off, and the seal still decides.
    else if (label !== "sid: quoted") expect([label, read]).toEqual([label, seen]);
    if (!read.user) continue;
    taken += 1;
    if (!label.endsWith("every character encoded"))
      expect([label, header]).toEqual([label, expect.stringContaining(seal!)]);
  }
  expect(taken).toBeGreaterThan(5);
});

describe("of several passwords", () => {
  test("each is taken under its own number, and no other", async () => {
    const before = await oldSite();
    const between = await oldSite({ password: { 1: PASSWORD, 2: OTHER } });
    const [ann, bob] = [new Visitor(), new Visitor()];
    await ann.get(before.url, "/login");
    await bob.get(between.url, "/login");
    for (const { header } of [ann, bob]) {
      expect(await seenWith(between.url, header)).toEqual(ANN);
      expect(await readWith(between.reader(), header)).toEqual(ANN);
    }
    for (const password of [{ 2: PASSWORD, 3: OTHER }, { 1: OTHER }, { 3: PASSWORD }]) {
      const other = await oldSite({ password });
      expect(await seenWith(other.url, ann.header)).toEqual({});
      expect(await readWith(other.reader(), ann.header)).toEqual({});
    }
  });
});

test("what is sealed, but no dictionary, is no session", async () => {
  for (const sealed of ["text", 1, null, true]) {
    const seal = await sealData(sealed, { password: PASSWORD });
    expect(await readWith(ironSessionLegacy(OLD), `sid=${seal}`)).toEqual({});
  }
  const seal = await sealData(ANN, { password: PASSWORD });
  expect(await readWith(ironSessionLegacy(OLD), `sid=${seal}`)).toEqual(ANN);
  expect(await readWith(ironSessionLegacy(OLD), `sid=${seal.replace(/~.*/, "")}`)).toEqual(ANN);
});

test("keys that are no good are refused at the start", () => {
  const wrong: [string, object][] = [
    ["password", { cookieName: "sid" }],
    ["password", { cookieName: "sid", password: "short" }],
    ["password", { cookieName: "sid", password: {} }],
    ["password", { cookieName: "sid", password: { 1: PASSWORD, 2: "short" } }],
    ["cookieName", { password: PASSWORD }],
    ["cookie.name", { password: PASSWORD, cookieName: "a b" }],
  ];
  for (const [option, options] of wrong) {
    const make = () => ironSessionLegacy(options as IronSessionLegacyOptions);
    expect(make, option).toThrow(ConfigError);
    expect(make).toThrow(`${option}: `);
  }
});
