import { createHash } from "node:crypto";
import realSession from "express-session";
import { InMemorySessionBackend } from "micropie";
import type session from "micropie/compat/drop-in";
import { MemoryStore } from "micropie/compat/drop-in";
import { SessionStore } from "micropie/compat/store";
import { GatedBackend, gate } from "micropie/testing";
import { onEvent } from "micropie/testing/events";
import { describe, expect, onTestFinished, test } from "vitest";
import { GatedStore, RealGatedStore, site } from "./_site.ts";

const stored = (store: GatedStore): unknown => JSON.parse([...store.records.values()][0] ?? "null");

describe("two parallel requests of one session", () => {
  test("that change different keys both keep theirs, removals too", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store });
    const ann = visitor();
    await ann.get("/set/a/1");
    await ann.get("/set/b/1");
    const held = store.hold("get", "after");
    const slow = ann.get("/unset/a");
    await held.reached;
    await ann.get("/set/c/1");
    await ann.get("/set/b/2");
    held.open();
    expect((await slow).status).toBe(200);
    expect(stored(store)).toMatchObject({ b: "2", c: "1" });
    expect(stored(store)).not.toHaveProperty("a");
  });

  test("write one after the other: 50 keys at once, from two middlewares on one store, are all there", async () => {
    const store = new GatedStore();
    const [one, two] = [await site({ store }), await site({ store })];
    const ann = one.visitor();
    await ann.get("/set/a/1");
    const bob = two.visitor();
    bob.jar.take([`connect.sid=${ann.jar.value()}`]);
    const all = Array.from({ length: 50 }, (_, index) => (index % 2 ? ann : bob).get(`/set/k${index}/1`));
    await Promise.all(all);
    expect(Object.keys(stored(store) as object)).toHaveLength(52);
  });

  test("another's longer life is kept by a request that changes data only, and goes to the browser", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store, cookie: { maxAge: 60_000 } }, (app) => {
      app.get("/remember", (req, res) => {
        req.session.cookie.maxAge = 3_600_000;
        res.end();
      });
    });
    const ann = visitor();
    await ann.get("/set/a/1");
    const held = store.hold("get", "after");
    const slow = ann.get("/set/b/1");
    await held.reached;
    await ann.get("/remember");
    held.open();
    const [cookie] = (await slow).cookies;
    expect(stored(store)).toMatchObject({ a: "1", b: "1", cookie: { originalMaxAge: 3_600_000 } });
    expect(Date.parse(/Expires=([^;]*)/.exec(cookie!)![1]!)).toBeGreaterThan(Date.now() + 3_000_000);
  });

  test("a longer life that is asked for while a save is under way is not lost with it", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store, cookie: { maxAge: 60_000 } }, (app) => {
      app.get("/remember", async (req, res) => {
        req.session.a = 2;
        const held = store.hold("set");
        req.session.save(() => res.end());
        await held.reached;
        req.session.cookie.maxAge = 3_600_000;
        held.open();
      });
    });
    const ann = visitor();
    await ann.get("/set/a/1");
    await ann.get("/remember");
    expect(stored(store)).toMatchObject({ a: 2, cookie: { originalMaxAge: 3_600_000 } });
  });

  test("one of which has made it, and streams: its last write does not take what others wrote meanwhile", async () => {
    const store = new GatedStore();
    const streaming = gate();
    const { url, visitor } = await site({ store }, (app) => {
      app.get("/stream", async (req, res) => {
        req.session.a = 1;
        res.write("first");
        await streaming.wait();
        req.session.z = 1;
        res.end("last");
      });
    });
    const answer = await fetch(`${url}/stream`);
    const ann = visitor();
    ann.jar.take(answer.headers.getSetCookie());
    await ann.get("/set/b/1");
    streaming.open();
    await answer.text();
    expect(stored(store)).toMatchObject({ a: 1, b: "1", z: 1 });
  });

  test("what a request saved by hand it does not save again, and then only what changed since", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store }, (app) => {
      app.get("/twice", (req, res) => {
        req.session.a = "mine";
        req.session.save(() => {
          if (req.query.more) req.session.b = "more";
          res.end();
        });
      });
    });
    const ann = visitor();
    await ann.get("/set/a/0");
    store.calls.length = 0;
    await ann.get("/twice");
    expect(store.calls).toEqual(["get", "get", "set", "touch"]);
    await ann.get("/twice?more=1");
    expect(stored(store)).toMatchObject({ a: "mine", b: "more" });
  });
});

describe("a session that ends while a slow request runs", () => {
  for (const [how, path] of [
    ["destroyed", "/destroy"],
    ["regenerated", "/regenerate/ann"],
  ] as const) {
    test(`${how}: what the slow one wrote is dropped, without a cookie, and says so`, async () => {
      const store = new GatedStore();
      const { visitor } = await site({ store, rolling: true });
      const ann = visitor();
      await ann.get("/set/a/1");
      const { sid } = ann;
      const discarded: unknown[] = [];
      onTestFinished(onEvent("discarded", (event) => discarded.push(event)));
      const tab = visitor();
      tab.jar.take([`connect.sid=${ann.jar.value()}`]);
      const held = store.hold("get", "after");
      const slow = tab.get("/set/late/1");
      await held.reached;
      await ann.get(path);
      held.open();
      expect(await slow).toMatchObject({ status: 200, cookies: [] });
      expect(store.records.has(sid)).toBe(false);
      const handle = createHash("sha256").update(sid).digest("base64url").slice(0, 16);
      expect(discarded).toEqual([{ handle, userId: null, reason: "ended", realm: "connect.sid" }]);
    });
  }

  test("by the store's own method, between the reading and the writing of the slow one", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store });
    const ann = visitor();
    await ann.get("/set/a/1");
    const { sid } = ann;
    const held = store.hold("set");
    const slow = ann.get("/set/late/1");
    await held.reached;
    await new Promise<void>((done) => store.destroy(sid, () => done()));
    held.open();
    expect((await slow).status).toBe(200);
    expect(store.records.size).toBe(0);
  });

  test("by another process: it is not there when it is read again", async () => {
    const store = new GatedStore();
    const other = new GatedStore(store.records);
    const { visitor } = await site({ store });
    const ann = visitor();
    await ann.get("/set/a/1");
    const held = store.hold("get", "after");
    const slow = ann.get("/set/late/1");
    await held.reached;
    other.destroy(ann.sid);
    held.open();
    expect((await slow).status).toBe(200);
    expect(store.records.size).toBe(0);
  });

  for (const how of ["destroy", "regenerate"] as const) {
    test(`${how} waits for the write that is under way, so that nothing comes after it, not even a cookie`, async () => {
      const store = new GatedStore();
      const asked = gate();
      const { visitor } = await site({ store, rolling: true }, (app) => {
        app.get("/out", (req, res) => {
          req.session[how](() => res.end("out"));
          void asked.wait();
        });
      });
      const ann = visitor();
      await ann.get("/set/a/1");
      const { sid } = ann;
      const held = store.hold("set");
      const slow = ann.get("/set/late/1");
      await held.reached;
      const out = ann.get("/out");
      await asked.reached;
      held.open();
      expect((await out).body).toBe("out");
      expect(store.records.has(sid)).toBe(false);
      expect((await slow).cookies).toEqual([]);
      expect(store.records.has(sid)).toBe(false);
    });
  }

  test("from the moment at which somebody ends it, though the store still has it", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store, rolling: true });
    const ann = visitor();
    await ann.get("/set/a/1");
    const reading = store.hold("get", "after");
    const slow = ann.get("/set/late/1");
    await reading.reached;
    const leaving = store.hold("destroy");
    const out = new Promise<void>((done) => store.destroy(ann.sid, () => done()));
    await leaving.reached;
    store.calls.length = 0;
    reading.open();
    expect((await slow).cookies).toEqual([]);
    expect(store.calls).not.toContain("set");
    leaving.open();
    await out;
    expect(store.records.size).toBe(0);
  });

  test("one that the request itself has made, and somebody has ended at once, is not written again", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store }, (app) => {
      app.get("/made", (req, res) => {
        req.session.a = 1;
        req.session.save(() => {
          req.sessionStore.destroy(req.sessionID, () => {
            req.session.b = 2;
            res.end();
          });
        });
      });
    });
    expect((await visitor().get("/made")).cookies).toEqual([]);
    expect(store.calls).toEqual(["set", "destroy"]);
  });

  test("rolling: a request that changed nothing sends no cookie of a session that is gone", async () => {
    const store = new GatedStore();
    const other = new GatedStore(store.records);
    const { visitor } = await site({ store, rolling: true });
    const ann = visitor();
    await ann.get("/set/a/1");
    expect((await ann.get("/")).cookies).toHaveLength(1);
    const held = store.hold("get", "after");
    const slow = ann.get("/");
    await held.reached;
    other.destroy(ann.sid);
    held.open();
    expect((await slow).cookies).toEqual([]);
  });

  test("a session of the same id that begins later is another one", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store, genid: () => "always-the-same-id" });
    const ann = visitor();
    await ann.get("/set/a/1");
    await ann.get("/destroy");
    await ann.get("/set/b/1");
    await ann.get("/set/c/1");
    expect((await ann.get("/")).body).toBe('{"b":"1","c":"1"}');
    await ann.get("/regenerate/ann");
    expect((await ann.get("/")).body).toBe('{"user":"ann"}');
  });
});

describe("with our own SessionStore", () => {
  const make = async () => {
    const backend = new GatedBackend(new InMemorySessionBackend());
    const store = new SessionStore(backend) as never;
    return { backend, ...(await site({ store, rolling: true, cookie: { maxAge: 60_000 } })) };
  };

  test("the store merges, and no write reads the session again to do so", async () => {
    const { backend, visitor } = await make();
    const ann = visitor();
    await ann.get("/set/a/1");
    const held = backend.hold("read", "after");
    const slow = ann.get("/set/late/1");
    await held.reached;
    await ann.get("/set/b/1");
    backend.forget();
    held.open();
    await slow;
    expect(backend.calls).toEqual(["patch", "read"]);
    expect(JSON.parse((await ann.get("/")).body)).toEqual({ a: "1", b: "1", late: "1" });
  });

  test("a destroyed session stays destroyed, and its cookie is not sent late", async () => {
    const { backend, visitor } = await make();
    const ann = visitor();
    await ann.get("/set/a/1");
    const held = backend.hold("read", "after");
    const slow = ann.get("/set/late/1");
    await held.reached;
    await ann.get("/destroy");
    held.open();
    expect((await slow).cookies).toEqual([]);
    expect((await ann.get("/")).body).toBe("{}");
  });
});

test("express-session itself loses what ours keeps: the tests above can fail", async () => {
  const store = new RealGatedStore();
  const { visitor } = await site({ store, implementation: realSession as unknown as typeof session });
  const ann = visitor();
  await ann.get("/set/a/1");
  const held = store.hold("get", "after");
  const slow = ann.get("/set/late/1");
  await held.reached;
  await ann.get("/set/b/1");
  await ann.get("/destroy");
  held.open();
  await slow;
  expect(stored(store)).toMatchObject({ a: "1", late: "1" });
  expect(stored(store)).not.toHaveProperty("b");
});

test("MemoryStore: two parallel requests both keep their keys", async () => {
  const { visitor } = await site({ store: new MemoryStore() });
  const ann = visitor();
  await ann.get("/set/a/1");
  await Promise.all(["b", "c", "d"].map((key) => ann.get(`/set/${key}/1`)));
  expect(JSON.parse((await ann.get("/")).body)).toEqual({ a: "1", b: "1", c: "1", d: "1" });
});
