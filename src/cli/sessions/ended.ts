import type { ListedSession } from "../../core/listed.ts";
import type { Sessions } from "../../core/sessions.ts";
import type { Terminal } from "./terminal.ts";
import { counted, numberText } from "./words.ts";

/** Ends sessions, and says which. */
export class Ended implements Disposable {
  readonly #sessions: Sessions;
  readonly #terminal: Terminal;
  readonly #stop: Disposable;
  #lines: string[] = [];
  /** How many were ended, by what the store answered. */
  count = 0;

  constructor(sessions: Sessions, terminal: Terminal) {
    this.#sessions = sessions;
    this.#terminal = terminal;
    this.#stop = sessions.on("revoked", ({ handle, userId }) => {
      if (terminal.json) this.#lines.push(JSON.stringify({ ended: handle, userId }));
    });
  }

  [Symbol.dispose](): void {
    this.#stop[Symbol.dispose]();
  }

  /** Ends these, of which there are at most 500, in one step of the store. Throws BackendError. */
  async end(found: readonly ListedSession[]): Promise<void> {
    this.count += await this.#sessions.revoke(found);
    await this.#print();
  }

  /** Ends all of a user but one. Throws BackendError. */
  async endUser(userId: string, except: string | undefined): Promise<void> {
    this.count += await this.#sessions.revoke({ userId, except });
    await this.#print();
  }

  /** Says how many were ended, and of how many if not all of them. */
  async tell(of?: number): Promise<void> {
    const { count } = this;
    if (this.#terminal.json)
      await this.#terminal.print(JSON.stringify({ count, complete: of === undefined }));
    else {
      const what =
        of === undefined ? counted(count, "session") : `${numberText(count)} of ${counted(of, "session")}`;
      await this.#terminal.print(`Ended ${what}.`);
    }
  }

  async #print(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    if (lines.length > 0) await this.#terminal.print(lines.join("\n"));
  }
}
