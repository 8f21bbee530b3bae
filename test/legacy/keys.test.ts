import { createHmac } from "node:crypto";
import Keygrip from "keygrip";
import { createSessions, InMemorySessionBackend, logout, type SessionData } from "micropie";
import type { AnySession } from "micropie/core/register";
import { describe, expect, test } from "vitest";
import { cookieSessionLegacy } from "../../src/legacy/cookie-session.ts";
import { expressSessionLegacy } from "../../src/legacy/express-session.ts";
import { fastifySessionLegacy } from "../../src/legacy/fastify-session.ts";
import { koaSessionLegacy } from "../../src/legacy/koa-session.ts";
import { type LegacyReader, moveSessions } from "../../src/legacy/move.ts";

const ANN = { user: "ann", nonce: "a random text" };
const SID = "an-id-of-32-characters-by-chance";

/** A store in which somebody saves the old session again and again. */
const store = {
  get: (_: string, done: (error: unknown, session: object) => void) => done(null, { ...ANN }),
  destroy: (_: string, done: () => void) => done(),
};
const keyStore = { get: () => ({ ...ANN }), destroy: () => {} };
const identity = (data: SessionData) => data.nonce as string;

const keygripCookie = (name: string, value: string, key: string) =>
  `${name}=${value}; ${name}.sig=${new Keygrip([key]).sign(`${name}=${value}`)}`;
const signed = (text: string, key: string) =>
  `${text}.${createHmac("sha256", key).update(text).digest("base64").replace(/=+$/, "")}`;
const data64 = Buffer.from(JSON.stringify(ANN)).toString("base64");

interface Library {
  readonly name: string;
  reader(keys: string[]): LegacyReader;
  /** The Cookie header of the same session, signed with a key. */
  cookie(key: string): string;
}

const libraries: Library[] = [
  {
    name: "cookie-session",
    reader: (keys) => cookieSessionLegacy({ keys, identity }),
    cookie: (key) => keygripCookie("session", data64, key),
  },
  {
    name: "koa-session in the cookie",
    reader: (keys) => koaSessionLegacy({ keys, identity }),
    cookie: (key) => keygripCookie("koa.sess", data64, key),
  },
  {
    name: "koa-session with a store",
    reader: (keys) => koaSessionLegacy({ keys, store: keyStore }),
    cookie: (key) => keygripCookie("koa.sess", SID, key),
  },
  {
    name: "express-session",
    reader: (secret) => expressSessionLegacy({ secret, store }),
    cookie: (key) => `connect.sid=${encodeURIComponent(`s:${signed(SID, key)}`)}`,
  },
  {
    name: "@fastify/session",
    reader: (secret) => fastifySessionLegacy({ secret, store }),
    cookie: (key) => `sessionId=${encodeURIComponent(signed(SID, key))}`,
  },
];

describe.each(libraries)("a session of $name that has moved", ({ reader, cookie }) => {
  function sites() {
    const backend = new InMemorySessionBackend();
    const until = new Date(Date.now() + 86_400_000);
    return (...keys: string[]) =>
      createSessions({ backend, legacy: moveSessions({ readers: [reader(keys)], until }) });
  }
  type Site = ReturnType<ReturnType<typeof sites>>;

  async function seen(site: Site, header: string, act?: (session: AnySession) => void): Promise<object> {
    const session = await site.load(header);
    const data = { ...session };
    act?.(session);
    await site.commit(session);
    return data;
  }

  test("is the same session, whichever of the keys has signed its cookie", async () => {
    const site = sites()("new", "old");
    await seen(site, cookie("old"), (session) => Object.assign(session, { cart: [1] }));
    expect(await seen(site, cookie("new"))).toEqual({ ...ANN, cart: [1] });
    expect(await seen(site, cookie("old"))).toEqual({ ...ANN, cart: [1] });
  });

  test.each([
    ["old", "new"],
    ["new", "old"],
    ["old", "old"],
  ])(
    "does not come back after a logout: signed with the %s key, then with the %s one",
    async (before, after) => {
      const site = sites()("new", "old");
      expect(await seen(site, cookie(before))).toEqual(ANN);
      expect(await seen(site, cookie(before), logout)).toEqual(ANN);
      expect(await seen(site, cookie(after))).toEqual({});
      expect(await seen(site, cookie(before))).toEqual({});
    },
  );

  test.each([
    [["old"], ["new", "old"]],
    [["new", "old"], ["new"]],
    [["old"], ["new"]],
    [["new"], ["old", "new"]],
  ])("does not come back after a logout when the keys change from %j to %j", async (before, after) => {
    const at = sites();
    expect(await seen(at(...before), cookie(before.at(-1)!), logout)).toEqual(ANN);
    for (const key of after) expect(await seen(at(...after), cookie(key))).toEqual({});
  });

  test("stays whole when the keys change while it lives", async () => {
    const at = sites();
    const before = at("old");
    const session = await before.load(cookie("old"));
    Object.assign(session, { cart: [1] });
    const [pair] = ((await before.commit(session)) ?? "").split(";");
    // Who has no cookie of ours yet may have to sign in again, but nothing else happens.
    expect(Object.keys(await seen(at("new"), cookie("new")))).not.toEqual(Object.keys(ANN));
    expect(await seen(at("new"), pair!)).toEqual({ ...ANN, cart: [1] });
  });
});
