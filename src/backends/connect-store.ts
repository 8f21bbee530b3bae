import { ConfigError } from "../errors.ts";
import { answerOf, ifMissing } from "./_connect-store/answer.ts";
import { type ConnectStoreLike, isConnectStore } from "./_connect-store/like.ts";
import { LONGEST, opened, sealed } from "./_envelope.ts";
import { SessionBackend, type SessionData } from "./backend.ts";

export type { ConnectStoreLike } from "./_connect-store/like.ts";

/**
 * Sessions in any store that was made for express-session: MongoDB, DynamoDB and whatever else somebody wrote one for.
 *
 * Such a store has no condition and no version, so this is a back-end of two methods: within one process it keeps
 * every promise, over a store that reads what it has written; across processes the last write wins (docs/backends.md
 * says which promises that costs). Deadlines are on the clock of the process, so those that share a store need clocks
 * that agree.
 *
 * Each session is one text in a member `micropie`, beside the `cookie` that stores take the time to live from, so that
 * no store changes anything of it. Expired sessions are the store's to delete, and `close` leaves it open. What the
 * store fails with is passed on.
 *
 * Throws ConfigError `backend` if it is not a store: an object with `get`, `set` and `destroy`.
 */
export class ConnectStoreSessionBackend extends SessionBackend {
  readonly #store: ConnectStoreLike;

  constructor(store: ConnectStoreLike) {
    super();
    if (!isConnectStore(store)) {
      throw new ConfigError(
        "backend",
        "ConnectStoreSessionBackend takes an express-session store, made with `new`: an object with get, set and destroy.",
      );
    }
    this.#store = store;
  }

  override async load(id: string): Promise<SessionData> {
    const session = await answerOf((done) => this.#store.get(id, done)).catch(ifMissing);
    return opened(session, this.now());
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    if (timeout <= 0 || Object.keys(data).length === 0) {
      await answerOf((done) => this.#store.destroy(id, done)).catch(ifMissing);
    } else {
      // A fresh object: stores keep it, and write into it.
      const session = { cookie: cookieFor(timeout), ...sealed(data, timeout, this.now()) };
      await answerOf((done) => this.#store.set(id, session, done));
    }
  }
}

/** Where stores look for the time to live, each in another member: `expires`, `maxAge` or `originalMaxAge`. */
function cookieFor(timeout: number): object {
  // Not on our own clock: the store compares it with that of the process, or of its server.
  const maxAge = Math.ceil(Math.min(timeout, LONGEST) * 1000);
  return {
    originalMaxAge: maxAge,
    maxAge,
    expires: new Date(Date.now() + maxAge),
    httpOnly: true,
    path: "/",
  };
}
