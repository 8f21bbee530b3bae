import { login, type SessionOptions } from "micropie";
import type { ExpressCookie } from "micropie/adapters/express";
import { describe, expect, test } from "vitest";
import { readHead } from "../../src/core/head.ts";
import { type Data, type ExpressSite, expressSite } from "./_express-site.ts";
import type { Jar, JarAnswer } from "./_jar.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A site, somebody with a session, and what makes them change or look at its cookie. */
async function visited(options: SessionOptions<Data> = {}): Promise<
  ExpressSite & {
    ann: Jar;
    change(how: (cookie: ExpressCookie) => unknown): Promise<JarAnswer>;
    lifetime(): Promise<{ idle: number; absolute: number; persistent: boolean }>;
  }
> {
  const site = await expressSite("5", { options });
  const ann = site.jar();
  await ann.get("/count");
  return {
    ...site,
    ann,
    change(how) {
      site.on((session) => how(session.cookie));
      return ann.get("/");
    },
    async lifetime() {
      const record = (await site.store.inner.read(ann.cookies.get("session_id")!.slice(0, 16)))!;
      const { idleTimeout: idle, absoluteTimeout: absolute, persistent } = readHead(record.head);
      return { idle, absolute, persistent };
    },
  };
}

describe("maxAge", () => {
  test("is null for a session that ends with the browser", async () => {
    const { change } = await visited();
    const { text } = await change(({ maxAge, originalMaxAge, expires }) => [maxAge, originalMaxAge, expires]);
    expect(text).toBe("[null,null,null]");
  });

  test("is what is left of the idle timeout, in milliseconds", async () => {
    const { change, clock } = await visited({
      cookie: { persistent: true },
      timeouts: { idle: 3600 },
      touchThrottle: 60,
    });
    clock.advance(40);
    const { text } = await change(({ maxAge, originalMaxAge, expires }) => {
      return [maxAge, originalMaxAge, Math.abs(Number(expires) - Date.now() - (HOUR - 40_000)) < 20_000];
    });
    expect(text).toBe(`[${HOUR - 40_000},${HOUR},true]`);
  });

  test("is kept to the millisecond", async () => {
    const { change } = await visited();
    const { text } = await change((cookie) => {
      cookie.maxAge = 1500;
      return [cookie.maxAge, cookie.originalMaxAge];
    });
    expect(text).toBe("[1500,1500]");
  });

  test("set: a new id, a cookie that outlives the browser, and that lifetime; the old id has its grace", async () => {
    const { ann, change, lifetime } = await visited();
    const before = ann.copy();
    const { text, setCookie } = await change((cookie) => {
      cookie.maxAge = 14 * DAY;
      return [cookie.maxAge, cookie.originalMaxAge];
    });
    expect(text).toBe(`[${14 * DAY},${14 * DAY}]`);
    expect(setCookie).toEqual([expect.stringMatching(/; Max-Age=2592000;/)]);
    expect(ann.cookies).not.toEqual(before.cookies);
    expect((await before.get("/read")).text).toBe('{"visits":1}');
    expect(await lifetime()).toEqual({ idle: 14 * 86_400, absolute: 30 * 86_400, persistent: true });
    expect((await ann.get("/count")).text).toBe("2");
  });

  test("longer than the absolute timeout raises that at a sign-in, up to 400 days, and at no other time", async () => {
    const { ann, on, change, lifetime } = await visited();
    await change((cookie) => {
      cookie.maxAge = 60 * DAY;
    });
    expect(await lifetime()).toEqual({ idle: 30 * 86_400, absolute: 30 * 86_400, persistent: true });
    on((session) => {
      login(session, "ann");
      session.cookie.expires = new Date("9999-12-31");
    });
    const { setCookie } = await ann.get("/");
    expect(setCookie).toEqual([expect.stringMatching(/; Max-Age=34560000;/)]);
    expect(await lifetime()).toEqual({ idle: 400 * 86_400, absolute: 400 * 86_400, persistent: true });
  });

  test("set to what it is already does not rotate, in this request or a later one", async () => {
    const { ann, change, store } = await visited();
    const setAll = (cookie: ExpressCookie): void => {
      cookie.maxAge = HOUR;
      cookie.maxAge = HOUR;
      cookie.expires = new Date(Date.now() + HOUR);
    };
    expect((await change(setAll)).setCookie.length).toBe(1);
    const { cookies } = ann.copy();
    store.forget();
    for (let round = 0; round < 2; round++) expect((await change(setAll)).setCookie).toEqual([]);
    expect(store.writes).toBe(0);
    expect(ann.cookies).toEqual(cookies);
    expect(
      (await change((cookie) => void Object.assign(cookie, { maxAge: 2 * HOUR }))).setCookie.length,
    ).toBe(1);
  });

  test("the engine's own lifetime is not another one", async () => {
    const { change, store } = await visited({ cookie: { persistent: true }, timeouts: { idle: 3600 } });
    store.forget();
    const { setCookie } = await change((cookie) => void Object.assign(cookie, { maxAge: HOUR }));
    expect([setCookie, store.writes]).toEqual([[], 0]);
  });

  test.each<[string, (cookie: ExpressCookie) => void]>([
    ["maxAge = null", (cookie) => void Object.assign(cookie, { maxAge: null })],
    ["maxAge = undefined", (cookie) => void Object.assign(cookie, { maxAge: undefined })],
    ["expires = false", (cookie) => void Object.assign(cookie, { expires: false })],
    ["expires = null", (cookie) => void Object.assign(cookie, { expires: null })],
  ])("%s: the cookie ends with the browser again", async (_, forget) => {
    const { change, lifetime } = await visited();
    expect((await change(forget)).setCookie).toEqual([]);
    await change((cookie) => void Object.assign(cookie, { maxAge: 60 * DAY }));
    const { text, setCookie } = await change((cookie) => {
      forget(cookie);
      return [cookie.maxAge, cookie.originalMaxAge, cookie.expires];
    });
    expect(text).toBe("[null,null,null]");
    expect(setCookie.join()).not.toContain("Max-Age");
    expect(setCookie.length).toBe(1);
    expect(await lifetime()).toEqual({ idle: 28_800, absolute: 30 * 86_400, persistent: false });
    expect((await change(forget)).setCookie).toEqual([]);
  });

  test.each<[string, (cookie: ExpressCookie) => void]>([
    ["maxAge = 0", (cookie) => void Object.assign(cookie, { maxAge: 0 })],
    ["maxAge = -1", (cookie) => void Object.assign(cookie, { maxAge: -1 })],
    ["expires = 1970", (cookie) => void Object.assign(cookie, { expires: new Date(0) })],
  ])("%s ends the session", async (_, end) => {
    const { ann, change } = await visited();
    const before = ann.copy();
    expect((await change(end)).setCookie).toEqual([expect.stringContaining("Max-Age=0")]);
    expect((await before.get("/read")).text).toBe("{}");
  });

  test("on a session without data stores nothing; with data it begins with that lifetime", async () => {
    const { jar, on, store } = await expressSite("5");
    const ann = jar();
    on((session) => {
      session.cookie.maxAge = DAY;
    });
    expect((await ann.get("/")).setCookie).toEqual([]);
    expect(store.calls).toEqual([]);
    on((session) => {
      session.cookie.maxAge = DAY;
      session.name = "ann";
      return session.cookie.maxAge;
    });
    const { text, setCookie } = await ann.get("/");
    expect(text).toBe(String(DAY));
    expect(setCookie).toEqual([expect.stringMatching(/; Max-Age=2592000;/)]);
    expect(store.calls).toEqual(["create"]);
  });

  test("goes with the cookie of a session that starts over", async () => {
    const { ann, on } = await visited();
    on(async (session, req) => {
      await session.regenerate();
      req.session.name = "ann";
      req.session.cookie.maxAge = DAY;
      const { maxAge } = session.cookie;
      await req.session.save();
      return maxAge;
    });
    const { text, setCookie } = await ann.get("/");
    expect(text).toBe(String(DAY));
    expect(setCookie).toEqual([expect.stringMatching(/; Max-Age=2592000;/)]);
  });

  test("after the first byte is an error, and so is one after the end", async () => {
    const { ann, on } = await visited();
    const codeOf = (run: () => void): unknown => {
      try {
        run();
      } catch (error) {
        return (error as { code: unknown }).code;
      }
      return "none";
    };
    on((session, _req, res) => {
      res.write("one,");
      res.end(codeOf(() => void Object.assign(session.cookie, { maxAge: HOUR })));
    });
    expect((await ann.get("/")).text).toBe("one,headers_sent");
    on(async (session) => {
      await session.destroy();
      return codeOf(() => void Object.assign(session.cookie, { maxAge: HOUR }));
    });
    expect((await ann.get("/")).text).toBe('"ended"');
  });

  test.each<[string, unknown]>([
    ["maxAge", "3600"],
    ["maxAge", Number.NaN],
    ["maxAge", Number.POSITIVE_INFINITY],
    ["expires", "tomorrow"],
    ["expires", new Date("never")],
    ["expires", 3600],
  ])("%s = %s is a TypeError", async (name, value) => {
    const { change } = await visited();
    const { text } = await change((cookie) => {
      expect(() => Object.assign(cookie, { [name]: value })).toThrow(TypeError);
      return "thrown";
    });
    expect(text).toBe('"thrown"');
  });
});

describe("what is the same for all sessions", () => {
  test("is told as it was configured", async () => {
    const { change } = await visited();
    const plain = ({ httpOnly, secure, path, domain, sameSite, partitioned }: ExpressCookie): unknown => {
      return [httpOnly, secure, path, domain ?? null, sameSite, partitioned];
    };
    expect((await change(plain)).text).toBe('[true,true,"/",null,"lax",false]');
    const other = await visited({
      cookie: { httpOnly: false, path: "/app", domain: "example.com", sameSite: "none", partitioned: true },
    });
    other.ann.cookies.clear();
    expect((await other.change(plain)).text).toBe('[false,true,"/app","example.com","none",true]');
    const insecure = await visited({ cookie: { secure: false, sameSite: "strict" } });
    expect((await insecure.change(plain)).text).toBe('[true,false,"/",null,"strict",false]');
  });

  test("may be set to what it is, and to nothing else", async () => {
    const { change } = await visited();
    const { text, setCookie } = await change((cookie) => {
      const same = {
        httpOnly: true,
        secure: true,
        path: "/",
        domain: undefined,
        sameSite: "Lax",
        partitioned: false,
      };
      Object.assign(cookie, same);
      const others = {
        httpOnly: false,
        secure: "auto",
        path: "/a",
        domain: "a.example",
        sameSite: true,
        partitioned: true,
      };
      return Object.entries(others).map(([name, value]) => {
        try {
          Object.assign(cookie, { [name]: value });
        } catch (error) {
          return `${(error as Error).name} ${(error as Error).message.includes(`{ ${name} }`)}`;
        }
        return name;
      });
    });
    expect(JSON.parse(text)).toEqual(Array(6).fill("TypeError true"));
    expect(setCookie).toEqual([]);
  });

  test("is in the cookie's JSON", async () => {
    const { change } = await visited();
    const { text } = await change((cookie) => ({ cookie, keys: Object.keys(cookie) }));
    expect(JSON.parse(text)).toEqual({
      cookie: {
        originalMaxAge: null,
        expires: null,
        path: "/",
        httpOnly: true,
        secure: true,
        sameSite: "lax",
        partitioned: false,
      },
      keys: [],
    });
  });
});
