import express from "express";
import type realSession from "express-session";
import type { SessionData as RealSessionData } from "express-session";
import createMemoryStore from "memorystore";
import session, {
  Cookie,
  MemoryStore,
  Session,
  type SessionData,
  type SessionOptions,
  Store,
} from "micropie/compat/drop-in";
import { expect, expectTypeOf, test } from "vitest";

// As an application has it that comes from express-session, and keeps its declarations.
declare module "express-session" {
  interface SessionData {
    cart?: { items: string[] };
  }
}

class OwnStore extends Store {
  readonly #records = new Map<string, string>();
  override get(sid: string, callback: (error: unknown, found?: SessionData | null) => void): void {
    const text = this.#records.get(sid);
    callback(null, text === undefined ? null : JSON.parse(text));
  }
  override set(sid: string, data: SessionData, callback?: (error?: unknown) => void): void {
    this.#records.set(sid, JSON.stringify(data));
    callback?.();
  }
  override destroy(sid: string, callback?: (error?: unknown) => void): void {
    this.#records.delete(sid);
    callback?.();
  }
}

test("an application compiles with the types that it had", () => {
  const options: SessionOptions = {
    secret: ["new", "old"],
    resave: false,
    saveUninitialized: false,
    store: new OwnStore(),
    cookie: (req) => ({ secure: "auto", maxAge: req.path === "/" ? 1000 : 2000 }),
  };
  const same: session.SessionOptions & realSession.SessionOptions = options;
  const app = express();
  app.use(session({ ...same, storeTimeout: 3 }));
  app.get("/", (req, res) => {
    expectTypeOf(req.session.cart).toEqualTypeOf<{ items: string[] } | undefined>();
    expectTypeOf(req.session.cookie.maxAge).toEqualTypeOf<number | undefined>();
    expectTypeOf(req.sessionID).toEqualTypeOf<string>();
    req.session.regenerate((error) => res.end(String(error)));
  });
  expectTypeOf<SessionData>().toEqualTypeOf<RealSessionData>();
  expectTypeOf<session.Store>().toEqualTypeOf<realSession.Store>();
  expectTypeOf<Session>().toEqualTypeOf<realSession.Session>();
  const Factory = createMemoryStore(session);
  expect(new Factory({})).toBeInstanceOf(Store);
  expect(new session.MemoryStore({ max: 10 })).toBeInstanceOf(MemoryStore);
  expect(new Cookie({ maxAge: 1000 }).originalMaxAge).toBe(1000);
  expect(session.Session).toBe(Session);
  // @ts-expect-error: the option is known, and its type with it
  expect(() => session({ ...same, storeTimeout: "3" })).toThrow("storeTimeout");
});
