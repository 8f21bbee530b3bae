import type { Environment } from "../../environment.ts";
import type { SessionRecord } from "../../record/contract.ts";
import type { StoredRecord } from "../../record/record.ts";
import { type Connection, textOf } from "./client.ts";
import { MOVED } from "./script.ts";
import { SESSION } from "./session-scripts.ts";
import { recordIn, storedIn } from "./text.ts";

/** The text of a session, and the server's clock when it was read. */
interface Read {
  readonly now: number;
  readonly text: string;
}

/** Seconds for which the difference of the clocks is believed. */
const FRESH = 1;

const NONE: string[] = [];

/**
 * Reads texts with a plain GET, as long as it is known what the server's clock says: a script has asked it less than a second
 * ago. So what is taken for its time is wrong by no more than what the clocks moved apart since, and the time of an answer. A
 * process that was suspended asks again, since its own clock has moved on. Whether a session is there, the server decides.
 */
export class Reader {
  readonly #connection: Connection;
  readonly #prefix: string;
  #ahead = 0;
  #asked = Number.NEGATIVE_INFINITY;

  constructor(connection: Connection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  /** Returns the session. A record without a secret was stored by `save`, and is none. */
  async read(handle: string, environment: Environment): Promise<SessionRecord | undefined> {
    const read = await this.#text(handle, environment);
    if (read === undefined || read.text.startsWith(MOVED)) return undefined;
    const record = recordIn(read.text, read.now);
    return record.secretHash === "" && record.version > 0 ? undefined : record;
  }

  /** Returns the same, also if it was moved out. */
  async peek(handle: string, environment: Environment): Promise<SessionRecord | undefined> {
    const read = await this.#text(handle, environment);
    const record = read && recordIn(read.text, read.now);
    return record !== undefined && record.secretHash === "" && record.version > 0 ? undefined : record;
  }

  /** Returns whatever is there, with its lock; undefined if it is damaged or has expired. */
  async stored(handle: string, environment: Environment): Promise<StoredRecord | undefined> {
    const read = await this.#text(handle, environment);
    return read === undefined || read.text.startsWith(MOVED) ? undefined : storedIn(read.text, read.now);
  }

  async #text(handle: string, environment: Environment): Promise<Read | undefined> {
    const key = this.#prefix + handle;
    const { get } = this.#connection;
    const begun = environment.now();
    const now = get === undefined ? undefined : this.now(begun);
    if (get === undefined || now === undefined) return this.#ask(key, begun, environment);
    let reply: unknown;
    try {
      reply = await get(key);
    } catch (error) {
      // The script does not mind what kind of value is there.
      if (String(error).includes("WRONGTYPE")) return this.#ask(key, begun, environment);
      throw error;
    }
    return reply == null ? undefined : { now, text: textOf(reply) };
  }

  /** Returns the server's clock at this time of our own; undefined if it has to be asked. */
  now(own: number): number | undefined {
    const age = own - this.#asked;
    return age >= 0 && age < FRESH ? own + this.#ahead : undefined;
  }

  #ask(key: string, begun: number, environment: Environment): Promise<Read | undefined> {
    return this.#connection.run(SESSION.read, key, NONE, (reply) => {
      if (reply == null) return undefined;
      const [seconds, micros, text] = reply as readonly unknown[];
      const now = Number(textOf(seconds)) + Number(textOf(micros)) / 1e6;
      this.#asked = environment.now();
      // The server looked at its clock about halfway.
      this.#ahead = now - (begun + this.#asked) / 2;
      return { now, text: textOf(text) };
    });
  }
}
