import { createRequire } from "node:module";
import session from "express-session";
import fc from "fast-check";
import { CookieStore, MemoryStore } from "hono-sessions";
import { sealData, unsealData } from "iron-session";
import Keygrip from "keygrip";
import { describe, expect, test } from "vitest";
import { cookieSessionLegacy } from "../../src/legacy/cookie-session.ts";
import { expressSessionLegacy } from "../../src/legacy/express-session.ts";
import { fastifySessionLegacy } from "../../src/legacy/fastify-session.ts";
import { honoSessionsLegacy } from "../../src/legacy/hono-sessions.ts";
import { ironSessionLegacy } from "../../src/legacy/iron-session.ts";
import { koaSessionLegacy } from "../../src/legacy/koa-session.ts";
import type { LegacyReader } from "../../src/legacy/move.ts";
import { cpuSeconds } from "../_cpu.ts";
import { readWith } from "./_site.ts";

// It has no types of its own.
const signature = createRequire(import.meta.url)("cookie-signature") as {
  sign(value: string, secret: string): string;
};
const LONG = "a secret that has 32 characters or more";
const keygrip = new Keygrip([LONG]);
const store = new session.MemoryStore();
const nothing = { get: async () => undefined, destroy: async () => {} };
const koaCookie = Buffer.from('{"user":"ann","_expire":99999999999999}').toString("base64");

/** Each reader, and a header that it takes. */
const readers: Record<string, [LegacyReader, string]> = {
  "express-session": [
    expressSessionLegacy({ secret: LONG, store }),
    `connect.sid=${encodeURIComponent(`s:${signature.sign("an-id", LONG)}`)}`,
  ],
  "@fastify/session": [
    fastifySessionLegacy({ secret: LONG, store }),
    `sessionId=${encodeURIComponent(signature.sign("an-id", LONG))}`,
  ],
  "koa-session with a store": [
    koaSessionLegacy({ keys: [LONG], store: nothing }),
    `koa.sess=an-id; koa.sess.sig=${keygrip.sign("koa.sess=an-id")}`,
  ],
  "koa-session": [
    koaSessionLegacy({ keys: [LONG] }),
    `koa.sess=${koaCookie}; koa.sess.sig=${keygrip.sign(`koa.sess=${koaCookie}`)}`,
  ],
  "cookie-session": [
    cookieSessionLegacy({ keys: keygrip }),
    `session=${koaCookie}; session.sig=${keygrip.sign(`session=${koaCookie}`)}`,
  ],
  "hono-sessions": [honoSessionsLegacy({ store: new MemoryStore() }), "session=an-id"],
  "hono-sessions, sealed": [
    honoSessionsLegacy({ store: new CookieStore(), encryptionKey: LONG }),
    "session=",
  ],
  "iron-session": [
    ironSessionLegacy({ cookieName: "sid", password: LONG }),
    `sid=${await sealData({ user: "ann" }, { password: LONG, ttl: 0 })}`,
  ],
};

/** Whatever may be in a header, and a good one with something done to it. */
const headers = (good: string): fc.Arbitrary<string> => {
  const at = fc.nat(good.length);
  const bits = fc.constantFrom(
    ";",
    "=",
    '"',
    "%",
    "%00",
    "%e2%82",
    "*",
    "~",
    ".",
    "\t",
    " ",
    "\u00ff",
    "__proto__=",
  );
  const cut = fc.tuple(at, at, fc.oneof(bits, fc.string({ unit: "binary" })));
  const name = good.split("=", 1)[0]!;
  return fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(bits).map((parts) => `${name}=${parts.join("")}`),
    cut.map(
      ([one, other, text]) => good.slice(0, Math.min(one, other)) + text + good.slice(Math.max(one, other)),
    ),
    fc.array(fc.constant(good), { maxLength: 40 }).map((all) => all.join("; ")),
  );
};

describe.each(Object.entries(readers))("the reader of %s", (name, [reader, good]) => {
  test("never throws, and finds nothing that it has not signed", async () => {
    const fingerprint = (await reader.find(good))[0]?.fingerprint;
    if (!name.includes("sealed")) expect(await reader.find(good)).toHaveLength(1);
    await fc.assert(
      fc.asyncProperty(headers(good), async (header) => {
        const found = await reader.find(header);
        expect(found.length).toBeLessThanOrEqual(8);
        if (name === "hono-sessions") return;
        for (const cookie of found) expect(cookie.fingerprint).toBe(fingerprint);
      }),
      { numRuns: 2000 },
    );
  });

  test("takes no longer for a long header than for a short one, by its length", async () => {
    const long = `${good.split("=", 1)[0]}=${"a.*=".repeat(4000)}; `.repeat(4) + "x=y; ".repeat(4000);
    const took = await cpuSeconds(async () => {
      for (let time = 0; time < 10; time++) await reader.find(long);
    });
    expect(took).toBeLessThan(2);
  });
});

test("a seal is read as iron-session reads it, whatever is changed in it", async () => {
  const reader = ironSessionLegacy({ cookieName: "sid", password: LONG });
  const seal = (await sealData({ user: "ann" }, { password: LONG })).split("~")[0]!;
  const parts = seal.split("*");
  const changed = fc
    .tuple(fc.nat(7), fc.oneof(fc.string(), fc.constantFrom("", "0", "1", "2", "99999999999999", ...parts)))
    .map(([at, part]) => parts.map((each, index) => (index === at ? part : each)).join("*"))
    .filter((text) => !/[;%"\s~]/.test(text));
  await fc.assert(
    fc.asyncProperty(changed, async (text) => {
      expect(await readWith(reader, `sid=${text}`)).toEqual(await unsealData(text, { password: LONG }));
    }),
    { numRuns: 300 },
  );
});
