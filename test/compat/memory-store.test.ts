import { inherits } from "node:util";
import session, { Cookie, MemoryStore, Session, Store } from "micropie/compat/drop-in";
import { afterEach, describe, expect, test, vi } from "vitest";

type Data = Parameters<MemoryStore["set"]>[1];

const wait = <T>(call: (done: (error: unknown, value?: T) => void) => void): Promise<T | undefined> =>
  new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));

function sessionFor(seconds: number | null, data: object = {}): Data {
  return {
    cookie: new Cookie(seconds === null ? {} : { maxAge: seconds * 1000 }),
    ...data,
  } as never;
}

async function count(store: MemoryStore): Promise<number> {
  return (await wait<number>((done) => store.length(done)))!;
}

describe("MemoryStore", () => {
  afterEach(() => void vi.useRealTimers());

  test("get, set, touch, destroy, all, length and clear", async () => {
    const store = new MemoryStore();
    await wait((done) => store.set("one", sessionFor(60, { a: 1 }), done));
    await wait((done) => store.set("two", sessionFor(null), done));
    await wait((done) => store.touch("one", sessionFor(600, { a: 2 }), done as never));
    await wait((done) => store.touch("none", sessionFor(600), done as never));
    const one = await wait<Data>((done) => store.get("one", done as never));
    expect(one).toMatchObject({ a: 1, cookie: { originalMaxAge: 600_000 } });
    expect(Object.keys((await wait<object>((done) => store.all(done as never)))!)).toEqual(["two", "one"]);
    await wait((done) => store.destroy("two", done));
    expect(await count(store)).toBe(1);
    await wait((done) => store.clear(done));
    expect(await count(store)).toBe(0);
    expect(await wait((done) => store.get("one", done as never))).toBeUndefined();
  });

  test("expired sessions are not found", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const store = new MemoryStore({ idleTimeout: 300 });
    store.set("short", sessionFor(60));
    store.set("browser", sessionFor(null));
    vi.advanceTimersByTime(60_000);
    expect(await wait((done) => store.get("short", done as never))).toBeUndefined();
    expect(await wait((done) => store.get("browser", done as never))).toBeDefined();
    vi.advanceTimersByTime(240_000);
    expect(await wait((done) => store.get("browser", done as never))).toBeUndefined();
  });

  test("writes remove what has expired, so that it takes no room of what has not", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const store = new MemoryStore({ max: 300 });
    for (let index = 0; index < 100; index++) store.set(`browser ${index}`, sessionFor(null));
    for (let index = 0; index < 100; index++) store.set(`short ${index}`, sessionFor(60));
    vi.advanceTimersByTime(61_000);
    for (let index = 0; index < 150; index++) store.set(`new ${index}`, sessionFor(60));
    expect(await count(store)).toBe(250);
    expect(await wait((done) => store.get("browser 0", done as never))).toBeDefined();
  });

  test("no more than max, of which those that were used longest ago go first", async () => {
    const store = new MemoryStore({ max: 3 });
    for (const sid of ["a", "b", "c"]) store.set(sid, sessionFor(60));
    store.touch("a", sessionFor(60));
    store.set("d", sessionFor(60));
    expect(Object.keys((await wait<object>((done) => store.all(done as never)))!)).toEqual(["c", "a", "d"]);
  });

  test("options that are wrong are named", () => {
    for (const option of ["max", "idleTimeout"]) {
      expect(() => new MemoryStore({ [option]: 0 })).toThrow(
        expect.objectContaining({ code: "config", option }),
      );
    }
  });
});

describe("the exports", () => {
  test("are properties of the function, too", () => {
    expect({ ...session }).toEqual({ Store, Session, Cookie, MemoryStore });
    expect(session({ secret: "s", resave: false, saveUninitialized: false }).name).toBe("session");
    expect(new MemoryStore()).toBeInstanceOf(Store);
  });

  test("a store may be a class, or a function that calls Store as one did before there were classes", () => {
    class Modern extends Store {
      override get(): void {}
      override set(): void {}
      override destroy(): void {}
    }
    function Old(this: object, options: object): void {
      (Store as unknown as (options: object) => void).call(this, options);
    }
    inherits(Old as never, Store as never);
    for (const store of [new Modern(), new (Old as never as typeof Modern)()]) {
      expect(store).toBeInstanceOf(Store);
      const heard = vi.fn();
      store.on("disconnect", heard);
      store.emit("disconnect");
      expect(heard).toHaveBeenCalledOnce();
      expect(typeof store.createSession).toBe("function");
    }
  });

  test("require gives the function", async () => {
    const namespace = await import("micropie/compat/drop-in");
    expect(Reflect.get(namespace, "module.exports")).toBe(session);
  });

  test("a Cookie keeps its maximum age to the millisecond, however often it is counted anew", () => {
    const cookie = new Cookie({ maxAge: 60_000 });
    const now = vi.spyOn(Date, "now");
    let clock = 1_800_000_000_000;
    now.mockImplementation(() => clock++);
    for (let request = 0; request < 100; request++) cookie.maxAge = cookie.originalMaxAge!;
    now.mockRestore();
    expect(cookie.originalMaxAge).toBe(60_000);
  });
});
