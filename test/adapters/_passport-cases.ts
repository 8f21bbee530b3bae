import type { SessionOptions, Sessions } from "micropie";
import type { Gate, GatedBackend } from "micropie/testing";
import { describe, expect, test } from "vitest";
import type { Jar } from "./_jar.ts";

/** What both applications keep beside what their Passport keeps. */
export interface Kept {
  visits: number;
  late: boolean;
}

/** An application that lets anybody in as `username` whose password is not "wrong". See the routes in the cases. */
export interface PassportSite {
  readonly store: GatedBackend;
  readonly sessions: Sessions<Kept>;
  /** `/slow` waits here, and writes then. */
  readonly slow: Gate;
  jar(): Jar;
}

export interface PassportOn {
  start(options?: SessionOptions<Kept>): Promise<PassportSite>;
  /** What the framework's Passport keeps in the session of this user. */
  signedIn(user: string): object;
}

const COOKIE = "session_id";
const ANN = { username: "ann", password: "right" };

/** What Passport's users count on, with a framework whose Passport is another package. */
export function passportCases({ start, signedIn }: PassportOn): void {
  describe("login", () => {
    test("rotates the id, the old cookie is dead at once, and nothing is left of before", async () => {
      const { jar } = await start();
      const ann = jar();
      await ann.get("/visit");
      const before = ann.copy();
      const { status, headers, setCookie } = await ann.post("/login", ANN);
      expect([status, headers.location, setCookie.length]).toEqual([302, "/", 1]);
      expect(await json(ann, "/data")).toEqual(signedIn("ann"));
      expect(await json(ann, "/")).toBe("ann");
      expect([await json(before, "/"), await json(before, "/data")]).toEqual([null, {}]);
    });

    test("with keepSessionInfo keeps what was there, and a planted cookie opens nothing afterwards", async () => {
      const { jar, sessions } = await start();
      const attacker = jar();
      await attacker.get("/visit");
      const victim = attacker.copy();
      await victim.post("/login-keep", ANN);
      expect(await json(victim, "/data")).toEqual({ ...signedIn("ann"), visits: 1 });
      expect(await json(attacker, "/data")).toEqual({});
      await attacker.get("/visit");
      expect(await json(victim, "/data")).toEqual({ ...signedIn("ann"), visits: 1 });
      expect(await listed(sessions)).toBe(1);
    });

    test("without a session before, begins one", async () => {
      const { jar, store } = await start();
      const ann = jar();
      await ann.post("/login", ANN);
      expect(await json(ann, "/")).toBe("ann");
      expect(store.count("create")).toBe(1);
    });

    test("as somebody else: nothing of the first one stays", async () => {
      const { jar, sessions } = await start();
      const ann = jar();
      await ann.post("/login", ANN);
      const before = ann.copy();
      await ann.post("/login", { ...ANN, username: "bob" });
      expect([await json(ann, "/"), await json(before, "/")]).toEqual(["bob", null]);
      expect([await listed(sessions), await listed(sessions, "bob")]).toEqual([0, 1]);
    });

    test("what a request that began before it writes late is dropped", async () => {
      const { jar, slow } = await start();
      const ann = jar();
      await ann.get("/visit");
      const slowly = ann.copy().get("/slow");
      await slow.reached;
      await ann.post("/login-keep", ANN);
      slow.open();
      expect((await slowly).setCookie).toEqual([]);
      expect(await json(ann, "/data")).toEqual({ ...signedIn("ann"), visits: 1 });
    });

    test("that the store refuses is an error, and nobody is signed in", async () => {
      const { jar, store } = await start();
      const ann = jar();
      await ann.get("/visit");
      store.fail(["patch", "create"]);
      for (const who of [ann, jar()]) {
        const { status, setCookie } = await who.post("/login", ANN);
        expect([status, setCookie]).toEqual([503, []]);
      }
      store.mend();
      expect([await json(ann, "/"), await json(ann, "/data")]).toEqual([null, { visits: 1 }]);
    });

    test("that fails changes no id", async () => {
      const { jar } = await start();
      const ann = jar();
      await ann.get("/visit");
      const { status, headers, setCookie } = await ann.post("/login", { ...ANN, password: "wrong" });
      expect([status, headers.location, setCookie]).toEqual([302, "/login", []]);
      expect(await json(ann, "/")).toBe(null);
    });

    test("leaves a message of the failure in session.messages", async () => {
      const { jar } = await start();
      const ann = jar();
      await ann.post("/login-message", { ...ANN, password: "wrong" });
      await ann.post("/login-message", { ...ANN, password: "wrong" });
      expect(await json(ann, "/data")).toEqual({ messages: ["Wrong password.", "Wrong password."] });
    });

    test("returns to where it was asked for", async () => {
      const { jar } = await start();
      const ann = jar();
      expect((await ann.get("/private?page=2")).headers.location).toBe("/login");
      expect((await ann.post("/login-keep", ANN)).headers.location).toBe("/private?page=2");
      expect(await json(ann, "/private?page=2")).toBe("ann");
    });
  });

  describe("logout", () => {
    test("ends the session: the cookie goes, and the old one opens nothing", async () => {
      const { jar, store, sessions } = await start();
      const ann = jar();
      await ann.post("/login", ANN);
      await ann.get("/visit");
      const before = ann.copy();
      const { status, setCookie } = await ann.post("/logout");
      expect(status).toBe(302);
      expect(setCookie).toEqual([expect.stringMatching(/^session_id=; Max-Age=0/)]);
      expect([await json(before, "/"), await json(before, "/data")]).toEqual([null, {}]);
      expect(await listed(sessions)).toBe(0);
      expect(await store.inner.read(before.cookies.get(COOKIE)!.slice(0, 16))).toBeUndefined();
    });

    test("a slow request that began before it brings nothing back", async () => {
      const { jar, slow } = await start();
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
      const { jar, store } = await start();
      const ann = jar();
      await ann.post("/login", ANN);
      store.fail(["delete", "patch", "create"]);
      const { status, setCookie } = await ann.post("/logout");
      expect([status, setCookie]).toEqual([503, []]);
      store.mend();
      expect(await json(ann, "/")).toBe("ann");
    });
  });

  describe("userId", () => {
    test("lists the sessions of a user, and ends all but one", async () => {
      const { jar, sessions } = await start();
      const [phone, laptop] = [jar(), jar()];
      for (const device of [phone, laptop]) await device.post("/login", ANN);
      expect(await listed(sessions)).toBe(2);
      expect(await sessions.revoke({ userId: "ann", except: laptop.cookies.get(COOKIE)!.slice(0, 16) })).toBe(
        1,
      );
      expect([await json(phone, "/"), await json(laptop, "/")]).toEqual([null, "ann"]);
    });

    test("a user who is deserialized no more loses the session's tie", async () => {
      const { jar, sessions } = await start();
      const gone = jar();
      await gone.post("/login", { ...ANN, username: "removed" });
      expect(await listed(sessions, "removed")).toBe(1);
      expect(await json(gone, "/")).toBe(null);
      expect(await listed(sessions, "removed")).toBe(0);
    });

    test("Passport works without it, and nothing is listed", async () => {
      const { jar, sessions } = await start({});
      const ann = jar();
      await ann.get("/visit");
      const before = ann.copy();
      await ann.post("/login", ANN);
      expect([await json(ann, "/"), await json(before, "/")]).toEqual(["ann", null]);
      expect(await listed(sessions)).toBe(0);
      const after = ann.copy();
      await ann.post("/logout");
      expect(await json(after, "/")).toBe(null);
    });
  });
}

async function json(jar: Jar, path: string): Promise<unknown> {
  const { status, text } = await jar.get(path);
  expect(status).toBe(200);
  return JSON.parse(text);
}

async function listed(sessions: Sessions<Kept>, user = "ann"): Promise<number> {
  return (await sessions.list({ userId: user }).toArray()).length;
}
