import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { BackendError, StateError } from "micropie";
import type { ExpressSession } from "micropie/adapters/express";
import { describe, expect, test } from "vitest";
import { type Data, expressSite } from "./_express-site.ts";

const METHODS = ["regenerate", "save", "reload", "destroy"] as const;
type Method = (typeof METHODS)[number];

/** What the callback got, when it came, and what the method returned. */
async function callBack(
  session: ExpressSession<Data>,
  method: Method,
): Promise<{ error: unknown; answered: unknown; atOnce: boolean }> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  let calls = 0;
  const answered = session[method]((error) => {
    calls += 1;
    resolve(error);
  });
  const atOnce = calls > 0;
  const error = await promise;
  // A second call would come by now.
  await new Promise(setImmediate);
  expect(calls).toBe(1);
  return { error, answered, atOnce };
}

describe.each(["5", "4"] as const)("req.session on Express %s", (version) => {
  test("looks like its data alone", async () => {
    const { jar, on } = await expressSite(version);
    const ann = jar();
    on((session) => {
      session.name = "ann";
      const inherited: string[] = [];
      for (const key in session) inherited.push(key);
      return { inherited, keys: Object.keys(session), copy: { ...session }, json: JSON.stringify(session) };
    });
    expect(JSON.parse((await ann.get("/")).text)).toEqual({
      inherited: ["name"],
      keys: ["name"],
      copy: { name: "ann" },
      json: '{"name":"ann"}',
    });
  });

  test("keeps data under the names of its members", async () => {
    const { jar, on } = await expressSite(version);
    const ann = jar();
    const data = { id: 7, cookie: "chocolate", save: true, touch: [1], constructor: "me" };
    on((session) => void Object.assign(session, data));
    expect((await ann.get("/")).status).toBe(200);
    expect(JSON.parse((await ann.get("/read")).text)).toEqual(data);
    on((session) => {
      for (const key of Object.keys(data)) delete session[key];
      session.name = "ann";
      return [typeof session.save, typeof session.id];
    });
    expect((await ann.get("/")).text).toBe('["function","string"]');
    expect((await ann.get("/read")).text).toBe('{"name":"ann"}');
  });

  test.each(METHODS)(
    "%s with a callback returns undefined, and calls back once, later, without an error",
    async (method) => {
      const { jar, on } = await expressSite(version);
      const ann = jar();
      await ann.get("/count");
      on(async (session) => {
        const { error, answered, atOnce } = await callBack(session, method);
        return { error: error ?? null, answered: String(answered), atOnce };
      });
      expect(JSON.parse((await ann.get("/")).text)).toEqual({
        error: null,
        answered: "undefined",
        atOnce: false,
      });
    },
  );

  test.each(METHODS)("%s without a callback is a promise", async (method) => {
    const { jar, on } = await expressSite(version);
    const ann = jar();
    await ann.get("/count");
    on(async (session) => {
      const answered: unknown = session[method]();
      return [answered instanceof Promise, (await answered) ?? null];
    });
    expect((await ann.get("/")).text).toBe("[true,null]");
  });

  test.each([
    ["save", "patch"],
    ["reload", "read"],
    ["destroy", "delete"],
  ] as const)("%s: what the store fails to do goes to the callback, or rejects", async (method, verb) => {
    const { jar, on, store } = await expressSite(version);
    const ann = jar();
    await ann.get("/count");
    on(async (session) => {
      session.visits = 10;
      store.fail([verb]);
      const { error } = await callBack(session, method);
      const rejected = await Promise.resolve(session[method]()).catch((other: unknown) => other);
      store.mend();
      return [error instanceof BackendError, rejected instanceof BackendError];
    });
    expect((await ann.get("/")).text).toBe("[true,true]");
  });

  test.each([
    ["save", "patch"],
    ["destroy", "delete"],
  ] as const)("%s that nobody waits for: what fails is answered all the same", async (method, verb) => {
    const { jar, on, store } = await expressSite(version);
    const ann = jar();
    await ann.get("/count");
    on((session) => {
      session.visits = 10;
      store.fail([verb]);
      void session[method]();
      return "fine";
    });
    const { status, setCookie } = await ann.get("/");
    expect([status, setCookie]).toEqual([503, []]);
    store.mend();
    expect((await ann.get("/read")).text).toBe('{"visits":1}');
  });

  test("save stores now, and its cookie goes with the answer", async () => {
    const { jar, on, store } = await expressSite(version);
    const ann = jar();
    on(async (session) => {
      session.name = "ann";
      await session.save();
      const stored = store.count("create");
      session.visits = 1;
      return stored;
    });
    const { text, setCookie } = await ann.get("/");
    expect([text, setCookie.length]).toEqual(["1", 1]);
    expect((await ann.get("/read")).text).toBe('{"name":"ann","visits":1}');
  });

  test("reload brings what others have stored, and drops what was not saved", async () => {
    const { jar, on } = await expressSite(version);
    const ann = jar();
    await ann.get("/count");
    on(async (session, req) => {
      session.name = "lost";
      await ann.copy().get("/count");
      await session.reload();
      return [{ ...session }, req.session === session];
    });
    expect((await ann.get("/")).text).toBe('[{"visits":2},true]');
    expect((await ann.get("/read")).text).toBe('{"visits":2}');
  });

  test("reload of what is not stored, or over, is an error", async () => {
    const { jar, on, sessions } = await expressSite(version);
    const ann = jar();
    on(async (session) => (await callBack(session, "reload")).error instanceof StateError);
    expect((await ann.get("/")).text).toBe("true");
    await ann.get("/count");
    on(async (session) => {
      await sessions.revoke({ handle: session.id });
      return (await callBack(session, "reload")).error instanceof StateError;
    });
    expect((await ann.get("/")).text).toBe("true");
  });

  test("destroy ends the session in the store before it calls back, and the cookie with the answer", async () => {
    const { jar, on, store } = await expressSite(version);
    const ann = jar();
    await ann.get("/count");
    const before = ann.copy();
    on(async (session, req) => {
      await callBack(session, "destroy");
      const gone = store.count("delete");
      req.session.visits = 99;
      return [gone, session === req.session];
    });
    const { text, setCookie } = await ann.get("/");
    expect(text).toBe("[1,true]");
    expect(setCookie).toEqual([expect.stringContaining("Max-Age=0")]);
    expect((await before.get("/read")).text).toBe("{}");
    expect([...ann.cookies]).toEqual([]);
  });

  test("regenerate gives an empty session in place of the old, whose data can still be read", async () => {
    const { jar, on, store } = await expressSite(version);
    const ann = jar();
    await ann.get("/count");
    const before = ann.copy();
    on(async (session, req) => {
      await callBack(session, "regenerate");
      const seen = [session === req.session, { ...session }, { ...req.session }];
      req.session.name = "new";
      return seen;
    });
    expect((await ann.get("/")).text).toBe('[false,{"visits":1},{}]');
    expect((await ann.get("/read")).text).toBe('{"name":"new"}');
    expect((await before.get("/read")).text).toBe("{}");
    on((session) => void session.regenerate());
    expect((await ann.get("/")).setCookie).toEqual([expect.stringContaining("Max-Age=0")]);
    store.forget();
    expect((await jar().get("/")).setCookie).toEqual([]);
    expect(store.writes).toBe(0);
  });

  test("destroy, though nobody waits for it, and then regenerate: what is put in is stored", async () => {
    const { jar, on } = await expressSite(version);
    const ann = jar();
    await ann.get("/count");
    const before = ann.copy();
    on(async (session, req) => {
      void session.destroy();
      await callBack(session, "regenerate");
      req.session.name = "new";
    });
    expect((await ann.get("/")).status).toBe(200);
    expect((await ann.get("/read")).text).toBe('{"name":"new"}');
    expect((await before.get("/read")).text).toBe("{}");
  });

  test("regenerate after the first byte: the callback gets the error, and without one it throws", async () => {
    const { jar, on } = await expressSite(version);
    const ann = jar();
    await ann.get("/count");
    on(async (session, _req, res) => {
      res.write("one,");
      const { error } = await callBack(session, "regenerate");
      let thrown: unknown;
      try {
        void session.regenerate();
      } catch (caught) {
        thrown = caught;
      }
      res.end([error, thrown].map((each) => (each as StateError).code).join());
    });
    expect((await ann.get("/")).text).toBe("one,headers_sent,headers_sent");
    expect((await ann.get("/read")).text).toBe('{"visits":1}');
  });

  test("touch and resetMaxAge answer the session, and cost nothing", async () => {
    const { jar, on, store } = await expressSite(version);
    const ann = jar();
    await ann.get("/count");
    store.forget();
    on((session) => session.touch().resetMaxAge() === session);
    expect((await ann.get("/")).text).toBe("true");
    expect(store.calls).toEqual(["read"]);
  });

  test("sessionID is session.id, also when the request is over", async () => {
    const { jar, on, store } = await expressSite(version);
    const ann = jar();
    const after = Promise.withResolvers<unknown[]>();
    on((_session, req, res) => {
      res.on("finish", () => after.resolve([req.sessionID, req.session.id]));
      return [req.sessionID, req.session.id];
    });
    const [id, same] = JSON.parse((await ann.get("/")).text) as string[];
    expect([same, await after.promise]).toEqual([id, [id, id]]);
    expect(id).toMatch(/^[\w-]{16}$/);
    expect(store.calls).toEqual([]);
    const failed = Promise.withResolvers<unknown>();
    on((session, req, res) => {
      res.on("finish", () => failed.resolve(req.sessionID));
      session.visits = 1;
      throw new Error("the handler failed");
    });
    expect((await ann.get("/")).status).toBe(500);
    expect(await failed.promise).toMatch(/^[\w-]{16}$/);
  });
});

test("what a callback throws reaches the process", async () => {
  const script = `
    import { createSessions } from "./src/core/sessions.ts";
    import { expressKind } from "./src/facades/express.ts";
    process.on("uncaughtException", (error) => console.log("caught", error.message));
    process.on("unhandledRejection", () => console.log("swallowed"));
    const session = createSessions().load(undefined, { kind: expressKind });
    session.save(() => { throw new Error("mine"); });
    session.reload((error) => { throw error; });
  `;
  const root = new URL("../..", import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    cwd: root,
  });
  expect(stdout.trim().split("\n").sort()).toEqual([
    expect.stringMatching(/^caught The session is not stored/),
    "caught mine",
  ]);
});
