import { InMemorySessionBackend } from "micropie";
import session, { type SessionOptions } from "micropie/compat/drop-in";
import { SessionStore } from "micropie/compat/store";
import { GatedBackend } from "micropie/testing";
import { onEvent } from "micropie/testing/events";
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../_until.ts";
import { GatedStore, site } from "./_site.ts";

const MINUTE = 60_000;

function failures(): string[] {
  const operations: string[] = [];
  onTestFinished(
    onEvent("backend_failed", ({ operation }) => {
      operations.push(operation);
    }),
  );
  return operations;
}

const expiresOf = (store: GatedStore): number =>
  Date.parse(JSON.parse([...store.records.values()][0]!).cookie.expires);

describe("resave", () => {
  test("true: a user who only reads stays signed in, though the store's touch does nothing", async () => {
    const store = new GatedStore();
    store.touch = (_sid, _data, callback: () => void = () => {}) => callback();
    const { visitor } = await site({ store, resave: true, cookie: { maxAge: MINUTE } });
    const ann = visitor();
    await ann.get("/set/user/ann");
    for (let request = 0; request < 3; request++) {
      const before = expiresOf(store);
      await until(() => expect(Date.now()).toBeGreaterThan(before - MINUTE));
      expect((await ann.get("/")).body).toBe('{"user":"ann"}');
      expect(expiresOf(store)).toBeGreaterThan(before);
    }
  });

  test("true: what another request changes meanwhile is kept, and what it ends stays ended", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store, resave: true });
    const ann = visitor();
    await ann.get("/set/a/1");
    const dropped: string[] = [];
    onTestFinished(onEvent("discarded", ({ reason }) => void dropped.push(reason)));
    let held = store.hold("get", "after");
    let slow = ann.get("/");
    await held.reached;
    await ann.get("/set/b/2");
    held.open();
    await slow;
    expect(JSON.parse([...store.records.values()][0]!)).toMatchObject({ a: "1", b: "2" });
    held = store.hold("get", "after");
    slow = ann.get("/");
    await held.reached;
    await ann.get("/destroy");
    held.open();
    expect(await slow).toMatchObject({ status: 200, cookies: [] });
    expect(store.records.size).toBe(0);
    // It had nothing to store that could be lost.
    expect(dropped).toEqual([]);
  });

  test("true: what the handler has saved itself is not saved again", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store, resave: true }, (app) => {
      app.get("/save", (req, res) => void req.session.save(() => res.end()));
    });
    const ann = visitor();
    await ann.get("/set/a/1");
    store.calls.length = 0;
    await ann.get("/save");
    expect(store.calls.filter((call) => call === "set")).toHaveLength(1);
  });

  test("true, with SessionStore: nothing is written that did not change", async () => {
    const backend = new GatedBackend(new InMemorySessionBackend());
    onTestFinished(() => backend.close());
    const { visitor } = await site({ store: new SessionStore(backend) as never, resave: true });
    const ann = visitor();
    await ann.get("/set/a/1");
    backend.forget();
    await ann.get("/");
    expect(backend.calls).toEqual(["read"]);
  });
});

describe("a deadline that cannot be moved", () => {
  const ways: Record<string, [Partial<SessionOptions>, call: string]> = {
    touch: [{}, "touch"],
    "touch, and the cookie goes out again": [{ rolling: true, cookie: { maxAge: MINUTE } }, "touch"],
    resave: [{ resave: true }, "set"],
  };
  for (const [way, [options, call]] of Object.entries(ways)) {
    test(`by ${way}: the answer of a request that only reads is its own; an event tells, and then the error handler`, async () => {
      const store = new GatedStore();
      const operations = failures();
      const { visitor, errors } = await site({ store, ...options });
      const ann = visitor();
      await ann.get("/set/a/1");
      store.fail(call);
      const answer = await ann.get("/");
      expect(answer).toMatchObject({ status: 200, body: '{"a":"1"}' });
      expect(answer.cookies).toHaveLength(options.rolling ? 1 : 0);
      expect(operations).toEqual([call]);
      await until(() => expect(errors.map(({ message }) => message)).toEqual([`${call}: boom!`]));
      expect((await ann.get("/set/a/2")).status).toBe(call === "set" ? 500 : 200);
    });
  }

  test("because the store does not answer: the request waits for storeTimeout, and is answered", async () => {
    const store = new GatedStore();
    const operations = failures();
    const { visitor } = await site({ store, storeTimeout: 0.05 });
    const ann = visitor();
    await ann.get("/set/a/1");
    store.fail("touch", "silent");
    expect(await ann.get("/")).toMatchObject({ status: 200, body: '{"a":"1"}' });
    expect(operations).toEqual(["touch"]);
  });

  test("an error handler that answers all the same ends nothing", async () => {
    const store = new GatedStore();
    const middleware = session({ secret: "cat", resave: false, saveUninitialized: false, store });
    const made = await site({ store }, (app) => {
      app.get("/plain", (req, res) => {
        Reflect.deleteProperty(req, "session");
        middleware(req, res, (error?: unknown) => {
          if (error) throw error;
          res.end("plain");
        });
      });
    });
    const ann = made.visitor();
    await ann.get("/set/a/1");
    store.fail("touch");
    expect(await ann.get("/plain")).toMatchObject({ status: 200, body: "plain" });
    expect((await ann.get("/")).status).toBe(200);
  });
});
