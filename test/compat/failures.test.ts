import session from "micropie/compat/drop-in";
import { describe, expect, test } from "vitest";
import { GatedStore, site } from "./_site.ts";

describe("a store that fails", () => {
  test("a failed save is an error, whatever way the handler answers, and nothing of its answer leaves", async () => {
    const store = new GatedStore();
    const { visitor, errors } = await site({ store }, (app) => {
      app.get("/redirect", (req, res) => {
        req.session.a = 1;
        res.setHeader("X-Secret", "1").redirect("/elsewhere");
      });
      app.get("/stream", (req, res) => {
        req.session.a = 1;
        res.writeHead(200, { "Content-Type": "text/html" });
        res.write("<p>");
        res.end("saved");
      });
    });
    store.fail("set");
    for (const path of ["/set/a/1", "/redirect", "/stream"]) {
      const answer = await visitor().get(path);
      expect(answer).toMatchObject({ status: 500, body: "set: boom!", cookies: [] });
      expect(answer.headers.get("location")).toBeNull();
    }
    expect(errors.map(({ message }) => message)).toEqual(["set: boom!", "set: boom!", "set: boom!"]);
  });

  test("a failed save of a session that was loaded is an error, and the next request finds what was stored", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store });
    const ann = visitor();
    await ann.get("/set/a/1");
    store.fail("set");
    expect((await ann.get("/set/a/2")).status).toBe(500);
    store.mend();
    expect((await ann.get("/")).body).toBe('{"a":"1"}');
  });

  test("a failed read is an error with the store's own words, never a new session", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store });
    const ann = visitor();
    await ann.get("/set/a/1");
    const before = ann.sid;
    store.fail("get");
    expect(await ann.get("/")).toMatchObject({ status: 500, body: "get: boom!", cookies: [] });
    expect(await ann.get("/set/b/1")).toMatchObject({ status: 500, cookies: [] });
    store.mend();
    expect((await ann.get("/")).body).toBe('{"a":"1"}');
    expect(ann.sid).toBe(before);
  });

  test("ENOENT is how a store over files says that there is none", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store });
    const ann = visitor();
    await ann.get("/set/a/1");
    store.fail("get", Object.assign(new Error("no such file"), { code: "ENOENT" }));
    expect(await ann.get("/")).toMatchObject({ status: 200, body: "{}", cookies: [] });
  });

  test("a store that says it is disconnected: no request with a cookie goes on, and none is a new session", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store });
    const ann = visitor();
    await ann.get("/set/a/1");
    store.emit("disconnect");
    store.calls.length = 0;
    expect(await ann.get("/")).toMatchObject({ status: 503, cookies: [] });
    expect(await visitor().get("/")).toMatchObject({ status: 200, body: "{}" });
    expect(await visitor().get("/set/a/1")).toMatchObject({ status: 503, cookies: [] });
    expect(store.calls).toEqual([]);
    store.emit("connect");
    expect((await ann.get("/")).body).toBe('{"a":"1"}');
  });

  test("a store that does not answer in time is an error", async () => {
    const store = new GatedStore();
    const patient = await site({ store });
    const { url, errors } = await site({ store, storeTimeout: 0.05 });
    const ann = patient.visitor();
    await ann.get("/set/a/1");
    for (const call of ["get", "set"]) {
      store.fail(call, "silent");
      expect((await fetch(`${url}/set/a/2`, { headers: { cookie: ann.jar.header } })).status).toBe(503);
      store.mend();
    }
    expect(errors.map(({ code }) => code)).toEqual(Array(2).fill("backend_timeout"));
    expect((await ann.get("/")).status).toBe(200);
  });

  test("a failed touch is none if the session has ended meanwhile", async () => {
    const store = new GatedStore();
    const { visitor, errors } = await site({ store });
    const ann = visitor();
    await ann.get("/set/a/1");
    store.fail("touch");
    const held = store.hold("get", "after");
    const slow = ann.get("/");
    await held.reached;
    store.records.clear();
    held.open();
    expect(await slow).toMatchObject({ status: 200, body: '{"a":"1"}' });
    expect(errors).toEqual([]);
  });

  test("a failed logout is heard by its callback, and without one by the error handler", async () => {
    const store = new GatedStore();
    const { visitor, errors } = await site({ store, unset: "destroy" }, (app) => {
      app.get("/quiet", (req, res) => {
        req.session.destroy(undefined as never);
        res.redirect("/");
      });
      app.get("/null", (req, res) => {
        req.session = null as never;
        res.redirect("/");
      });
    });
    const ann = visitor();
    await ann.get("/set/a/1");
    store.fail("destroy");
    expect(await ann.get("/destroy")).toMatchObject({ status: 200, body: "destroy: boom!" });
    expect(errors).toEqual([]);
    expect(await ann.get("/quiet")).toMatchObject({ status: 500, body: "destroy: boom!" });
    expect(await ann.get("/null")).toMatchObject({ status: 500, body: "destroy: boom!" });
    store.mend();
    expect((await ann.get("/quiet")).status).toBe(302);
    expect(store.records.size).toBe(0);
  });

  test("a store that throws, rejects, or fails with nothing, fails", async () => {
    const store = new GatedStore();
    const { visitor, errors } = await site({ store });
    const ann = visitor();
    await ann.get("/set/a/1");
    store.get = () => {
      throw new Error("thrown");
    };
    expect((await ann.get("/")).body).toBe("thrown");
    store.get = (async () => Promise.reject(new Error("rejected"))) as never;
    expect((await ann.get("/")).body).toBe("rejected");
    store.get = (async () => Promise.reject(undefined)) as never;
    expect((await ann.get("/")).status).toBe(503);
    expect(errors).toHaveLength(3);
  });

  test("an answer waits until a slow store has stored the session", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store }, (app) => {
      app.get("/stream", (req, res) => {
        req.session.a = 1;
        res.write("first");
        res.end();
      });
    });
    for (const path of ["/set/a/1", "/stream"]) {
      const held = store.hold("set");
      let answered = false;
      const answer = visitor()
        .get(path)
        .then((its) => {
          answered = true;
          return its;
        });
      await held.reached;
      // Whatever could leave without the store has left by then.
      expect((await visitor().get("/")).status).toBe(200);
      expect(answered).toBe(false);
      held.open();
      expect((await answer).status).toBe(200);
    }
  });

  test("what was saved by hand goes out with the error that comes after it", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store }, (app) => {
      app.get("/login", (req, res) => {
        req.session.user = "ann";
        req.session.save(() => {
          req.session.more = 1;
          store.fail("set");
          res.end("in");
        });
      });
    });
    const ann = visitor();
    expect((await ann.get("/login")).status).toBe(500);
    store.mend();
    expect((await ann.get("/")).body).toBe('{"user":"ann"}');
  });

  test("an error after the first byte cuts the answer off", async () => {
    const store = new GatedStore();
    const { url, visitor } = await site({ store }, (app) => {
      app.get("/stream", (req, res) => {
        req.session.a = 1;
        res.write("first");
        setImmediate(() => {
          req.session.b = 2;
          store.fail("set");
          res.end("last");
        });
      });
    });
    const answer = await fetch(`${url}/stream`);
    await expect(answer.text()).rejects.toThrow();
    expect(store.records.size).toBe(1);
    store.mend();
    expect((await visitor().get("/")).status).toBe(200);
  });
});

describe("what is wrong from the start", () => {
  const wrong: [string, object][] = [
    ["genid", { genid: "bogus" }],
    ["unset", { unset: "bogus" }],
    ["secret", { secret: [] }],
    ["store", { store: class {} }],
    ["storeTimeout", { storeTimeout: 0 }],
  ];
  for (const [option, options] of wrong) {
    test(option, () => {
      expect(() => session({ secret: "s", resave: false, saveUninitialized: false, ...options })).toThrow(
        expect.objectContaining({ code: "config", option }),
      );
    });
  }

  test("without a secret every request is an error that says so", async () => {
    const { visitor } = await site({ secret: undefined as never });
    expect(await visitor().get("/")).toMatchObject({
      status: 500,
      body: expect.stringContaining("secret option required for sessions"),
    });
  });

  test("something else in the place of the session is an error that says so", async () => {
    const { visitor } = await site({}, (app) => {
      app.get("/replace", (req, res) => {
        req.session = { a: 1 } as never;
        res.end();
      });
    });
    expect(await visitor().get("/replace")).toMatchObject({
      status: 500,
      body: expect.stringContaining("replaced"),
    });
  });
});
