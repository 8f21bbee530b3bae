import type { Sessions } from "micropie";
import { describe, expect, test } from "vitest";
import type { Jar } from "./_jar.ts";
import { type PassportData, passportApp } from "./_passport-app.ts";

const ANN = { username: "ann", password: "right" };
const COOKIE = "session_id";

async function json(jar: Jar, path: string): Promise<unknown> {
  const { status, text } = await jar.get(path);
  expect(status).toBe(200);
  return JSON.parse(text);
}

async function listed(sessions: Sessions<PassportData>, user = "ann"): Promise<number> {
  return (await sessions.list({ userId: user }).toArray()).length;
}

describe.each(["5", "4"] as const)("Passport on Express %s", (version) => {
  describe("login", () => {
    test("rotates the id, and the old cookie is dead at once", async () => {
      const { jar } = await passportApp(version);
      const ann = jar();
      await ann.get("/visit");
      const before = ann.copy();
      const { status, headers } = await ann.post("/login", ANN);
      expect([status, headers.location]).toEqual([302, "/"]);
      expect(ann.cookies.get(COOKIE)).not.toBe(before.cookies.get(COOKIE));
      expect(await json(ann, "/")).toEqual({ user: "ann" });
      expect(await json(before, "/")).toEqual({ user: null });
    });

    test("starts over, or with keepSessionInfo goes on with what was there", async () => {
      const { jar } = await passportApp(version);
      for (const [path, visits] of [
        ["/login", undefined],
        ["/login-return", 1],
      ] as const) {
        const ann = jar();
        await ann.get("/visit");
        await ann.post(path, ANN);
        expect(await json(ann, "/")).toEqual({ user: "ann", ...(visits && { visits }) });
      }
    });

    test("a planted cookie opens nothing afterwards (session fixation)", async () => {
      const { jar, sessions } = await passportApp(version);
      const attacker = jar();
      await attacker.get("/visit");
      const victim = attacker.copy();
      await victim.post("/login-return", ANN);
      expect(await json(victim, "/")).toEqual({ user: "ann", visits: 1 });
      expect(await json(attacker, "/")).toEqual({ user: null });
      await attacker.get("/visit");
      expect(await json(victim, "/")).toEqual({ user: "ann", visits: 1 });
      expect(await listed(sessions)).toBe(1);
    });

    test("that the store refuses, and the handler answers 401: nobody is signed in, though the store is back", async () => {
      for (const options of [undefined, {}]) {
        const { jar, store, sessions } = await passportApp(version, options);
        for (const path of ["/data", "/visit"]) {
          const ann = jar();
          await ann.get(path);
          store.fail(["create", "patch", "delete"]);
          expect((await ann.post("/login-heard", ANN)).status).toBe(401);
          expect(await json(ann, "/")).toEqual({ user: null, visits: 1 });
          expect(await json(ann, "/data")).toEqual({ visits: 1 });
          expect(await listed(sessions)).toBe(0);
          await ann.post("/login", ANN);
          expect(await json(ann, "/")).toEqual({ user: "ann" });
          await ann.post("/logout");
        }
      }
    });

    test("without a session before, begins one", async () => {
      const { jar, store } = await passportApp(version);
      const ann = jar();
      await ann.post("/login", ANN);
      expect(await json(ann, "/")).toEqual({ user: "ann" });
      expect(store.count("create")).toBe(1);
    });

    test("as somebody else: nothing of the first one stays", async () => {
      const { jar, sessions } = await passportApp(version);
      const ann = jar();
      await ann.post("/login", ANN);
      await ann.get("/visit");
      const before = ann.copy();
      await ann.post("/login", { ...ANN, username: "bob" });
      expect(await json(ann, "/")).toEqual({ user: "bob" });
      expect(await json(before, "/")).toEqual({ user: null });
      expect([await listed(sessions), await listed(sessions, "bob")]).toEqual([0, 1]);
    });

    test("what a request that began before it writes late is dropped", async () => {
      const { jar, slow } = await passportApp(version);
      const ann = jar();
      await ann.get("/visit");
      const slowly = ann.copy().get("/slow");
      await slow.reached;
      await ann.post("/login-return", ANN);
      slow.open();
      expect((await slowly).setCookie).toEqual([]);
      expect(await json(ann, "/data")).toEqual({ passport: { user: "ann" }, visits: 1 });
    });

    test("twice at once signs in twice, and each cookie works", async () => {
      const { jar, slow, sessions } = await passportApp(version);
      const ann = jar();
      await ann.get("/visit");
      const second = ann.copy();
      const slowly = second.post("/login-slow", ANN);
      await slow.reached;
      await ann.post("/login", ANN);
      slow.open();
      await slowly;
      for (const tab of [ann, second]) expect(await json(tab, "/")).toEqual({ user: "ann" });
      expect(await listed(sessions)).toBe(2);
    });

    test("that the store refuses is an error, and nobody is signed in", async () => {
      const { jar, store } = await passportApp(version);
      const ann = jar();
      await ann.get("/visit");
      store.fail(["patch", "create"]);
      for (const who of [ann, jar()]) {
        const { status, setCookie } = await who.post("/login", ANN);
        expect([status, setCookie]).toEqual([503, []]);
      }
      store.mend();
      expect(await json(ann, "/")).toEqual({ user: null, visits: 1 });
    });

    test("that fails changes no id, and tells why once", async () => {
      const { jar } = await passportApp(version);
      const ann = jar();
      await ann.get("/visit");
      const before = ann.cookies.get(COOKIE);
      const { status, headers, setCookie } = await ann.post("/login", { ...ANN, password: "wrong" });
      expect([status, headers.location, setCookie]).toEqual([302, "/login", []]);
      expect(ann.cookies.get(COOKIE)).toBe(before);
      expect(await json(ann, "/login")).toEqual({ error: ["Wrong password."] });
      expect(await json(ann, "/login")).toEqual({ error: [] });
      expect(await json(ann, "/")).toEqual({ user: null, visits: 1 });
    });

    test("failureMessage is left in session.messages", async () => {
      const { jar } = await passportApp(version);
      const ann = jar();
      await ann.post("/login-message", { ...ANN, password: "wrong" });
      await ann.post("/login-message", { ...ANN, password: "wrong" });
      const { messages } = (await json(ann, "/login")) as { messages: string[] };
      expect(messages).toEqual(["Wrong password.", "Wrong password."]);
    });

    test("returns to where it was asked for", async () => {
      const { jar } = await passportApp(version);
      const ann = jar();
      expect((await ann.get("/private?page=2")).headers.location).toBe("/login");
      expect((await ann.post("/login-return", ANN)).headers.location).toBe("/private?page=2");
      expect((await ann.get("/private?page=2")).text).toBe("private of ann");
      expect(await json(ann, "/data")).toEqual({ passport: { user: "ann" } });
    });

    test("remembers only who asks for it, and then sends Max-Age", async () => {
      const { jar, store } = await passportApp(version);
      const ann = jar();
      const shortly = await ann.post("/login-remember", ANN);
      expect([shortly.text, shortly.setCookie.length]).toEqual(["null", 1]);
      expect(shortly.setCookie[0]).not.toContain("Max-Age");
      const longer = await ann.post("/login-remember", { ...ANN, remember: "yes" });
      expect([longer.text, longer.setCookie.length]).toEqual([String(14 * 24 * 3600 * 1000), 1]);
      expect(longer.setCookie[0]).toMatch(/; Max-Age=2592000;/);
      const { expiresAt, now } = (await store.inner.read(ann.cookies.get(COOKIE)!.slice(0, 16)))!;
      expect(expiresAt - now).toBeCloseTo(14 * 24 * 3600, -3);
    });
  });

  describe("logout", () => {
    test("ends the session: the cookie goes, and the old one opens nothing", async () => {
      const { jar, store, sessions } = await passportApp(version);
      const ann = jar();
      await ann.post("/login", ANN);
      await ann.get("/visit");
      const before = ann.copy();
      const { status, setCookie } = await ann.post("/logout");
      expect(status).toBe(302);
      expect(setCookie).toEqual([expect.stringMatching(/^session_id=; Max-Age=0/)]);
      expect(await json(before, "/")).toEqual({ user: null });
      expect(await listed(sessions)).toBe(0);
      expect(await store.inner.read(before.cookies.get(COOKIE)!.slice(0, 16))).toBeUndefined();
    });

    test("with keepSessionInfo keeps the data under another id, which is nobody's", async () => {
      const { jar, sessions } = await passportApp(version);
      const ann = jar();
      await ann.post("/login", ANN);
      await ann.get("/visit");
      const before = ann.copy();
      await ann.post("/logout-keep");
      expect(await json(ann, "/")).toEqual({ user: null, visits: 1 });
      expect(ann.cookies.get(COOKIE)).not.toBe(before.cookies.get(COOKIE));
      expect(await json(before, "/")).toEqual({ user: null });
      expect(await listed(sessions)).toBe(0);
      expect(await sessions.revoke({ userId: "ann" })).toBe(0);
      expect(await json(ann, "/")).toEqual({ user: null, visits: 1 });
    });

    test("a slow request that began before it brings nothing back", async () => {
      const { jar, slow } = await passportApp(version);
      const ann = jar();
      await ann.post("/login", ANN);
      const before = ann.copy();
      const slowly = before.get("/slow");
      await slow.reached;
      await ann.post("/logout");
      slow.open();
      expect((await slowly).setCookie).toEqual([]);
      expect(await json(before, "/data")).toEqual({});
    });

    test("that the store refuses is an error, and the user is still signed in", async () => {
      const { jar, store } = await passportApp(version);
      const ann = jar();
      await ann.post("/login", ANN);
      store.fail(["delete", "patch", "create"]);
      const { status, setCookie } = await ann.post("/logout");
      expect([status, setCookie]).toEqual([503, []]);
      store.mend();
      expect(await json(ann, "/")).toEqual({ user: "ann" });
    });
  });

  describe("userId", () => {
    test("lists the sessions of a user, and ends all but one", async () => {
      const { jar, sessions } = await passportApp(version);
      const [phone, laptop] = [jar(), jar()];
      for (const device of [phone, laptop]) await device.post("/login", ANN);
      const infos = await sessions.list({ userId: "ann" }).toArray();
      expect(infos.map(({ data }) => data.passport)).toEqual([{ user: "ann" }, { user: "ann" }]);
      expect(await sessions.revoke({ userId: "ann", except: laptop.cookies.get(COOKIE)!.slice(0, 16) })).toBe(
        1,
      );
      expect(await json(phone, "/")).toEqual({ user: null });
      expect(await json(laptop, "/")).toEqual({ user: "ann" });
    });

    test("a user who is deserialized no more loses the session's tie", async () => {
      const { jar, sessions } = await passportApp(version);
      const gone = jar();
      await gone.post("/login", { ...ANN, username: "removed" });
      expect(await listed(sessions, "removed")).toBe(1);
      expect(await json(gone, "/")).toEqual({ user: null });
      expect(await listed(sessions, "removed")).toBe(0);
    });

    test("Passport works without it, and nothing is listed", async () => {
      const { jar, sessions } = await passportApp(version, {});
      const ann = jar();
      await ann.get("/visit");
      const before = ann.copy();
      await ann.post("/login", ANN);
      expect(await json(ann, "/")).toEqual({ user: "ann" });
      expect(await json(before, "/")).toEqual({ user: null });
      expect(await listed(sessions)).toBe(0);
      const signedIn = ann.copy();
      await ann.post("/logout");
      expect(await json(signedIn, "/")).toEqual({ user: null });
    });
  });

  test("connect-flash: a message is read once, after a redirect", async () => {
    const { jar } = await passportApp(version);
    const ann = jar();
    expect((await ann.get("/flash/one")).status).toBe(302);
    await ann.get("/flash/two");
    expect(await json(ann, "/flash")).toEqual(["one", "two"]);
    expect(await json(ann, "/flash")).toEqual([]);
  });

  test("csrf-sync: the token of the session is wanted, and gone after a sign-in", async () => {
    const { jar } = await passportApp(version);
    const ann = jar();
    const { text: token } = await ann.get("/token");
    const ask = (sent?: string) =>
      ann.ask("/guarded", { method: "POST", headers: sent === undefined ? {} : { "x-csrf-token": sent } });
    expect((await ask()).status).toBe(403);
    expect((await ask("a".repeat(256))).status).toBe(403);
    expect((await ask(token)).text).toBe("done");
    expect((await jar().ask("/guarded", { method: "POST", headers: { "x-csrf-token": token } })).status).toBe(
      403,
    );
    await ann.post("/login", ANN);
    expect((await ask(token)).status).toBe(403);
  });

  test("sessionID is known before the session is stored, opens nothing, and changes at sign-in", async () => {
    const { jar } = await passportApp(version);
    const ann = jar();
    await ann.get("/visit");
    const [id, same] = (await json(ann, "/ids")) as string[];
    expect(id).toBe(same);
    expect(ann.cookies.get(COOKIE)?.startsWith(String(id))).toBe(true);
    expect(await json(ann, "/ids")).toEqual([id, id]);
    await ann.post("/login", ANN);
    expect(await json(ann, "/ids")).not.toContain(id);
  });
});
