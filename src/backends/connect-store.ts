import { ConfigError } from "../errors.ts";
import { answerOf, ifMissing } from "./_connect-store/answer.ts";
import { type ConnectStoreLike, isConnectStore } from "./_connect-store/like.ts";
import { DAMAGED } from "./_dictionary.ts";
import { isEnvelope, LONGEST, opened, sealed } from "./_envelope.ts";
import { pageOfHandles } from "./_handle-list.ts";
import { refuseOther } from "./_kind.ts";
import { isHandle, pageOfUser, refuseScan } from "./_scan.ts";
import {
  type ScanOptions,
  type ScanPage,
  SessionBackend,
  type SessionCount,
  type SessionData,
} from "./backend.ts";

export type { ConnectStoreLike } from "./_connect-store/like.ts";

/**
 * Stores sessions in any store that was made for express-session: for MongoDB, DynamoDB and many more.
 *
 * Such a store has no conditional writes, so this is a back-end of two methods: within one process it keeps every
 * promise, if the store reads what it has just written; across processes the last write wins (docs/backends.md says
 * which promises that costs). Deadlines use the clock of the process, so processes that share a store need clocks that
 * agree.
 *
 * Each session is one text in a member `micropie`, so that no store alters it, beside the `cookie` from which stores take
 * the time to live. The store deletes expired sessions, and `close` leaves it open. Rejects with the store's error.
 *
 * Throws ConfigError `backend` if it is not a store: an object with `get`, `set` and `destroy`.
 */
export class ConnectStoreSessionBackend extends SessionBackend {
  readonly #store: ConnectStoreLike;

  constructor(store: ConnectStoreLike) {
    super();
    const wanted =
      "ConnectStoreSessionBackend takes an express-session store, made with `new`: an object with get, set and destroy";
    refuseOther(store, ["a store for express-session"], wanted);
    if (!isConnectStore(store)) throw new ConfigError("backend", wanted);
    this.#store = store;
  }

  override async load(id: string): Promise<SessionData> {
    const session = await answerOf((done) => this.#store.get(id, done))
      .catch(ifDamaged)
      .catch(ifMissing);
    return opened(session, this.now());
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    if (timeout <= 0 || Object.keys(data).length === 0) {
      await answerOf((done) => this.#store.destroy(id, done)).catch(ifMissing);
    } else {
      // A new object, because stores keep it and write to it.
      const session = { cookie: cookieFor(timeout), ...sealed(data, timeout, this.now()), handle: id };
      await answerOf((done) => this.#store.set(id, session, done));
    }
  }

  /** Asks the store for all of its sessions for each page, if it has the method `all`: not for very many. */
  override async scan(options: ScanOptions): Promise<ScanPage> {
    if (options.userId !== undefined) return pageOfUser(this, options.userId, options);
    const handles = (await this.#all("scan")).map(({ handle }) => handle);
    return pageOfHandles(this, handles, options);
  }

  override async countAll(): Promise<SessionCount> {
    const now = this.now();
    const live = (await this.#all("countAll")).filter(({ until }) => until > now);
    return { sessions: live.length, signedIn: undefined, exact: true };
  }

  /** Returns what the store has of ours, which names itself: most stores do not say which is which. */
  async #all(method: "scan" | "countAll"): Promise<Named[]> {
    if (typeof this.#store.all !== "function") return refuseScan(method);
    const all: unknown = await answerOf((done) => this.#store.all!(done));
    return Object.values(Object(all)).filter(isNamed);
  }
}

interface Named {
  readonly handle: string;
  readonly until: number;
}

function isNamed(session: unknown): session is Named {
  const { handle } = Object(session) as { handle?: unknown };
  return isEnvelope(session) && typeof handle === "string" && isHandle(handle);
}

/** For `catch`: most stores parse JSON themselves. */
function ifDamaged(error: unknown): SessionData {
  if (!(error instanceof SyntaxError)) throw error;
  return DAMAGED;
}

/** Returns the cookie from which stores take the time to live: of `expires`, `maxAge` or `originalMaxAge`. */
function cookieFor(timeout: number): object {
  // By the system's clock, because the store compares it with that, or with its server's.
  const maxAge = Math.ceil(Math.min(timeout, LONGEST) * 1000);
  return {
    originalMaxAge: maxAge,
    maxAge,
    expires: new Date(Date.now() + maxAge),
    httpOnly: true,
    path: "/",
  };
}
