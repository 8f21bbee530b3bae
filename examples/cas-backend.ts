/**
 * A back-end of your own for several processes takes six methods, over any store with compare-and-swap. This one is a
 * table of keys and texts, as every SQL database can have it.
 *
 *     npx micropie examples/cas-backend.ts
 */
import { DatabaseSync } from "node:sqlite";
import { App } from "micropie";
import { CasSessionBackend, type Found } from "micropie/backends/cas";

export class TableBackend extends CasSessionBackend<string> {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    super();
    this.#db = new DatabaseSync(path);
    this.#db.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    this.#db.exec("CREATE TABLE IF NOT EXISTS texts (key TEXT PRIMARY KEY, text TEXT, until REAL)");
  }

  // The text is its own mark: a change is stored only if the row still has the text that was read.
  get(key: string): Found<string> | undefined {
    return this.#run("SELECT text, text AS mark FROM texts WHERE key = ?", key)[0];
  }
  add(key: string, text: string, seconds: number): boolean {
    const sql = "INSERT INTO texts VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING key";
    return this.#run(sql, key, text, this.now() + seconds).length === 1;
  }
  replace(key: string, text: string, seconds: number, mark: string): boolean {
    const sql = "UPDATE texts SET text = ?, until = ? WHERE key = ? AND text = ? RETURNING key";
    return this.#run(sql, text, this.now() + seconds, key, mark).length === 1;
  }
  set(key: string, text: string, seconds: number): void {
    this.#run("REPLACE INTO texts VALUES (?, ?, ?)", key, text, this.now() + seconds);
  }
  remove(key: string, mark: string): boolean {
    return this.#run("DELETE FROM texts WHERE key = ? AND text = ? RETURNING key", key, mark).length === 1;
  }
  take(key: string): string | undefined {
    return this.#run("DELETE FROM texts WHERE key = ? RETURNING text", key)[0]?.text;
  }

  #run(sql: string, ...values: (string | number)[]): Found<string>[] {
    return this.#db.prepare(sql).all(...values) as unknown as Found<string>[];
  }
}

class Visits extends App<{ visits: number }> {
  index(): string {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return `You have visited ${session.visits} times.\n`;
  }
}
const app: Visits = new Visits({
  sessionBackend: new TableBackend(process.env.SESSIONS ?? "sessions.sqlite"),
});
export default app;
