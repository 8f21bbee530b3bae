import type { Awaitable } from "../backends/backend.ts";
import { type Bookmark, bookmarkOf, inMessage, type MessageOptions } from "../core/message.ts";
import type { Session } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";

/** The session of a connection that lives on after its request. It holds nothing between messages. */
export class Connection<T extends object> {
  readonly #sessions: Sessions<T>;
  readonly #bookmark: Bookmark | undefined;

  /** `session` is that of the request, after its commit. */
  constructor(sessions: Sessions<T>, session: object) {
    this.#sessions = sessions;
    this.#bookmark = bookmarkOf(session);
  }

  session<R>(fn: (session: Session<T>) => Awaitable<R>, options?: MessageOptions): Promise<R> {
    return inMessage(this.#sessions, this.#bookmark, fn as (session: object) => Awaitable<R>, options);
  }
}
