import cookieSession from "cookie-session";
import express from "express";
import Keygrip from "keygrip";
import { ConfigError } from "micropie";
import { describe, expect, test } from "vitest";
import { readHead } from "../../src/core/head.ts";
import { type CookieSessionLegacyOptions, cookieSessionLegacy } from "../../src/legacy/cookie-session.ts";
import { newSite, readWith, seenWith, serve, tampered, Visitor } from "./_site.ts";

const ANN = { user: "ann", cart: [1, 2] };

async function oldSite(options: CookieSessionInterfaces.CookieSessionOptions = { keys: ["an old key"] }) {
  const app = express();
  app.use(cookieSession(options));
  app.get("/login", (req, res) => {
    Object.assign(req.session!, ANN, req.query.id ? { id: req.query.id } : {});
    res.end("{}");
  });
  app.get("/", (req, res) => void res.end(JSON.stringify(req.session)));
  return {
    url: await serve(app),
    reader: (more?: Partial<CookieSessionLegacyOptions>) =>
      cookieSessionLegacy({ ...(options as CookieSessionLegacyOptions), ...more }),
  };
}

test("who is signed in there is signed in here, and both old cookies end", async () => {
  const old = await oldSite({ keys: ["an old key"], name: "sess", path: "/", maxAge: 86_400_000 });
  const site = await newSite(old.reader(), {}, { userIdOf: (data) => data.user as string });
  const ann = new Visitor();
  await ann.get(old.url, "/login");
  expect(Object.keys(ann.cookies)).toEqual(["sess", "sess.sig"]);
  expect(await ann.see(site.url)).toEqual(ANN);
  expect(Object.keys(ann.cookies)).toEqual(["session_id"]);
  expect(ann.setCookie.slice(0, 2)).toEqual(
    ["sess", "sess.sig"].map(
      (name) => `${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax`,
    ),
  );
  expect(ann.setCookie[2]).toMatch(/; Max-Age=/);
  expect(await site.sessions.list({ userId: "ann" }).toArray()).toHaveLength(1);
  const record = await site.backend.inner.read(ann.cookies.session_id!.slice(0, 16));
  expect(readHead(record!.head).idleTimeout).toBe(86_400);
  await ann.get(site.url, "/logout");
  expect(ann.cookies).toEqual({});
});

test("cookies with the same data are those of several visitors: none gets another's session", async () => {
  const old = await oldSite();
  const site = await newSite(old.reader());
  const [ann, bob] = [new Visitor(), new Visitor()];
  await ann.get(old.url, "/login");
  await bob.get(old.url, "/login");
  expect(ann.header).toBe(bob.header);
  await ann.get(site.url, "/set?secret=hers");
  expect(await bob.see(site.url)).toEqual(ANN);
  await ann.get(site.url, "/logout");
  expect(await bob.see(site.url)).toEqual(ANN);
});

test("with an `identity` they are told apart: lost answers do no harm, and what has ended stays ended", async () => {
  for (const keys of [["a new key", "an old key"], new Keygrip(["an old key"])]) {
    const old = await oldSite({ keys });
    const site = await newSite(old.reader({ identity: ({ id }) => id as string | undefined }));
    const [ann, bob] = [new Visitor(), new Visitor()];
    await ann.get(old.url, "/login?id=a-random-text");
    await bob.get(old.url, "/login?id=another-one");
    const stolen = ann.header;
    const [lost] = await Promise.all([seenWith(site.url, stolen), bob.see(site.url, "/set?secret=his")]);
    expect(lost).toEqual({ ...ANN, id: "a-random-text" });
    expect(await ann.see(site.url)).toEqual(lost);
    expect(site.backend.count("create"), "two sessions, two markers").toBe(4);
    await ann.get(site.url, "/logout");
    expect(await seenWith(site.url, stolen)).toEqual({});
    expect(await bob.see(site.url)).toMatchObject({ secret: "his" });
  }
});

test("a cookie with anything changed is refused as cookie-session refuses it", async () => {
  const old = await oldSite();
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
  expect(accepted).toEqual(["session: quoted", "session.sig: quoted"]);
});

test("of several keys each is taken, and no other; and a Keygrip of any kind", async () => {
  const cases: [
    CookieSessionInterfaces.CookieSessionOptions,
    CookieSessionInterfaces.CookieSessionOptions,
  ][] = [
    [{ keys: ["of last year"] }, { keys: ["of this year", "of last year"] }],
    [{ secret: "of last year" }, { keys: ["of this year", "of last year"] }],
    [{ secret: "the only one" }, { secret: "the only one" }],
    [
      { keys: new Keygrip(["of last year"], "sha256", "hex") },
      { keys: new Keygrip(["of this year", "of last year"], "sha256", "hex") },
    ],
  ];
  for (const [before, now] of cases) {
    const [first, second] = [await oldSite(before), await oldSite(now)];
    const ann = new Visitor();
    await ann.get(first.url, "/login");
    expect(await seenWith(second.url, ann.header)).toEqual(ANN);
    expect(await readWith(second.reader(), ann.header)).toEqual(ANN);
    expect(await readWith(second.reader({ keys: ["of nobody"] }), ann.header)).toEqual({});
  }
});

describe("what is genuine, but no session", () => {
  const keygrip = new Keygrip(["an old key"]);
  const genuine = (value: string) => `session=${value}; session.sig=${keygrip.sign(`session=${value}`)}`;
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  test.each(["", "x", base64("{"), base64("null"), base64("1"), base64("{}")])("%s", async (value) => {
    const old = await oldSite();
    const header = genuine(value);
    expect(await readWith(old.reader(), header)).toEqual({});
    expect(await seenWith(old.url, header)).toEqual({});
  });

  test("data with any key is data", async () => {
    const old = await oldSite();
    const site = await newSite(old.reader());
    const header = genuine(base64('{"__proto__":{"admin":true},"a":1}'));
    const answer = await fetch(site.url, { headers: { cookie: header } });
    expect(await answer.text()).toBe('{"__proto__":{"admin":true},"a":1}');
  });
});

test("keys that are no good are refused at the start", () => {
  const wrong: [string, object][] = [
    ["keys", {}],
    ["keys", { keys: [] }],
    ["keys", { keys: [""] }],
    ["keys", { keys: { verify: true } }],
    ["signed", { keys: ["a"], signed: false }],
    ["cookie.name", { keys: ["a"], name: "a b" }],
  ];
  for (const [option, options] of wrong) {
    const make = () => cookieSessionLegacy(options as CookieSessionLegacyOptions);
    expect(make, option).toThrow(ConfigError);
    expect(make).toThrow(`${option}: `);
  }
});
