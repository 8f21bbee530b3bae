import type { Place } from "micropie/testing/simulation";

/** The list of a user's sessions, each with the time at which it was told of it. */
export type Index = Map<string, Map<string, number>>;

/** After so many seconds, a sign-in that the index was told of is not stored any more. */
export const TOLD = 30;
/** After so many seconds, an entry without a session is removed. */
const SETTLED = 60;

/** The steps of the index of users of `RedisSessionBackend`. */
export class RedisIndex {
  readonly #index: Index;
  readonly #call: Place["call"];
  readonly #now: () => number;

  constructor(index: Index, call: Place["call"], now: () => number) {
    this.#index = index;
    this.#call = call;
    this.#now = now;
  }

  /** Tells the index first and stores afterwards, so that whatever is stored can be listed and revoked. */
  async signIn<R>(userId: string, handle: string, store: (told: number) => Promise<R | "late">): Promise<R> {
    for (let attempt = 0; attempt < 2; attempt++) {
      const told = await this.#call("tell the index", () => {
        const list = this.#index.get(userId) ?? new Map<string, number>();
        this.#index.set(userId, list.set(handle, this.#now()));
        return this.#now();
      });
      const answer = await store(told);
      if (answer !== "late") return answer;
    }
    throw new Error(`session ${handle}: signing in took longer than ${TOLD} seconds, so nothing was stored`);
  }

  /** The handles that are listed for a user. */
  list(userId: string): Promise<string[]> {
    return this.#call("read the index", () => [...(this.#index.get(userId)?.keys() ?? [])], "read");
  }

  /** Removes entries without a session, unless one may still come. */
  async forget(userId: string, handles: readonly string[]): Promise<void> {
    await this.#call(
      "forget in the index",
      () => {
        const list = this.#index.get(userId);
        for (const handle of handles) {
          const told = list?.get(handle) ?? Number.POSITIVE_INFINITY;
          if (told <= this.#now() - SETTLED) list?.delete(handle);
        }
      },
      "remove",
    );
  }
}
