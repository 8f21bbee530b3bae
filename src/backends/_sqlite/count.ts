import { type Environment, sleep } from "../../environment.ts";
import type { Awaitable } from "../../record/contract.ts";
import type { SqliteLike, SqliteStatement, SqliteValue } from "./like.ts";

/** How many entries of an index are counted at once: some milliseconds of work. */
const PIECE = 100_000;

/** How many entries were counted, and in how many pieces. */
interface Counted {
  readonly entries: number;
  readonly pieces: number;
}

/** Counts the entries of the index of one column, with room for other work in between. */
export class IndexCount {
  readonly #next: SqliteStatement;
  readonly #rest: SqliteStatement;

  constructor(db: SqliteLike, table: string, column: "expires_at" | "user_id") {
    const after = `FROM "${table}" WHERE ${column} IS NOT NULL AND (${column}, rowid) > (?, ?)`;
    this.#next = db.prepare(
      `SELECT ${column} AS value, rowid ${after} ORDER BY ${column}, rowid LIMIT 1 OFFSET ${PIECE - 1}`,
    );
    this.#rest = db.prepare(`SELECT count(*) AS count ${after}`);
  }

  /** Counts those with a value greater than this. `attempt` runs each piece. */
  async after(first: SqliteValue, environment: Environment, attempt: Attempt): Promise<Counted> {
    // No row has a number as high as this.
    let from: readonly [SqliteValue, number] = [first, Number.MAX_SAFE_INTEGER];
    for (let pieces = 1; ; pieces++) {
      const [value, row] = from;
      const found = (await attempt(() => this.#next.get(value, row))) as Entry | null | undefined;
      if (found == null) {
        const rest = (await attempt(() => this.#rest.get(value, row))) as { readonly count: number };
        return { entries: (pieces - 1) * PIECE + Number(rest.count), pieces };
      }
      from = [found.value, Number(found.rowid)];
      await sleep(environment, 0.001);
    }
  }
}

/** Runs some work when the file is free. */
export type Attempt = <R>(work: () => R) => Awaitable<R>;

interface Entry {
  readonly value: SqliteValue;
  readonly rowid: number | bigint;
}
