import { EventEmitter } from "node:events";
import { type AnyStore, deskOf } from "./_desk.ts";
import { know } from "./_known.ts";
import { asObject, createSession, type Session, type SessionRequest } from "./_session.ts";

/** What every store inherits. */
interface StoreMethods {
  regenerate(req: object, callback: (error?: unknown) => void): void;
  load(sid: string, callback: (error?: unknown, session?: Session) => void): void;
  createSession(req: object, session: object): Session;
}

type StoreClass = abstract new (options?: unknown) => EventEmitter & StoreMethods;

const METHODS: StoreMethods & ThisType<AnyStore> = {
  regenerate(req, callback) {
    this.destroy((req as SessionRequest).sessionID, (error) => {
      this.generate?.(req);
      callback(error);
    });
  },

  load(sid, callback) {
    this.get(sid, (error, data) => {
      if (error) return callback(error);
      if (!data) return callback();
      const req = { sessionID: sid, sessionStore: this };
      callback(null, this.createSession(req, data) as Session);
    });
  },

  createSession(req, data) {
    const session = createSession(req as SessionRequest, data);
    know(asObject(session), true, deskOf(this).count);
    return session;
  },
};

/**
 * The base of stores. Not a class: many stores call it as a function, `Store.call(this, options)`, as one could before
 * there were classes.
 */
function BaseStore(this: unknown): void {
  (EventEmitter as unknown as (this: unknown) => void).call(this);
}
BaseStore.prototype = Object.create(EventEmitter.prototype, {
  constructor: { value: BaseStore, writable: true },
});
for (const [name, value] of Object.entries(METHODS)) {
  Object.defineProperty(BaseStore.prototype, name, { value, writable: true, configurable: true });
}
Object.setPrototypeOf(BaseStore, EventEmitter);
Object.defineProperty(BaseStore, "name", { value: "Store" });

export const Store: StoreClass = BaseStore as unknown as StoreClass;
