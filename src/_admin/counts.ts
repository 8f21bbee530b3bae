import type { SessionCount } from "../backends/backend.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError, SessionError } from "../errors.ts";
import type { Counted } from "./desk.ts";

/** Asks the store for its number of sessions, and knows what it said last. */
export class Counts {
  readonly #sessions: Sessions;
  last: Counted = { exact: true, problem: undefined };

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /** Throws as `sessions.count` does. */
  async count(): Promise<SessionCount> {
    try {
      const count = await this.#sessions.count();
      this.last = { exact: count.exact, problem: undefined };
      return count;
    } catch (error) {
      if (error instanceof SessionError) this.last = { exact: true, problem: problemIn(error) };
      throw error;
    }
  }
}

function problemIn(error: SessionError): string {
  return error instanceof ConfigError
    ? "This store cannot count its sessions."
    : "The store failed when it was last asked for its number of sessions.";
}
