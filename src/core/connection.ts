import type { Awaitable } from "../backends/backend.ts";
import { type Bookmark, bookmarkOf, inMessage, type MessageOptions } from "./message.ts";
import type { Session } from "./register.ts";
import type { Sessions } from "./sessions.ts";
import { watchOwn } from "./told.ts";
import type { EndReason } from "./watch.ts";

/** The session of a connection that lives on after its request. It holds nothing between messages. */
export class Connection<T extends object> {
  readonly #sessions: Sessions<T>;
  readonly #bookmark: Bookmark | undefined;
  readonly #watch: Disposable | undefined;

  /**
   * `session` is that of the request, after its commit. `onEnd` is called once, when it ends: by a logout, a revocation or a change
   * of rights, in whichever process, or by its deadline. Nothing ends if nothing is stored.
   */
  constructor(sessions: Sessions<T>, session: object, onEnd: (reason: EndReason) => void) {
    this.#sessions = sessions;
    this.#bookmark = bookmarkOf(session);
    if (this.#bookmark !== undefined) this.#watch = watchOwn(session, ({ reason }) => onEnd(reason));
  }

  /** To be called when the connection is closed: the session is watched no more. */
  closed(): void {
    this.#watch?.[Symbol.dispose]();
  }

  session<R>(fn: (session: Session<T>) => Awaitable<R>, options?: MessageOptions): Promise<R> {
    return inMessage(this.#sessions, this.#bookmark, fn as (session: object) => Awaitable<R>, options);
  }
}

/** The close code of a WebSocket whose session has ended; its reason is the word that `watch` tells. As 401 in HTTP. */
export const SESSION_ENDED = 4401;
