import { statfsSync } from "node:fs";
import { isBusy, isFull } from "./error.ts";
import type { SqliteLike } from "./like.ts";

/** How many pages the file grows by at once: half a MiB. */
const STEP = 128;

/**
 * Keeps a file usable on a full disk, except for growing. Every page that the table uses lies in the file already, written
 * once, so a checkpoint needs no space; and after a checkpoint, the log is written from its beginning, over what is there. So
 * what deletes goes on, and so does every other write that needs no more pages.
 */
export class Room {
  readonly #db: SqliteLike;
  readonly #path: string;
  readonly #fill: (step: number) => void;
  #limit = 0;

  /** `path` is the file, which `db` has opened in WAL mode. On a disk that is full already, there is no room. */
  constructor(db: SqliteLike, path: string, table: string) {
    this.#db = db;
    this.#path = path;
    // Two commits: what one transaction both fills and frees is never written. The handle "" is no session's.
    const free = db.prepare(`DELETE FROM "${table}" WHERE handle = ''`);
    const fill = db.prepare(
      `INSERT OR REPLACE INTO "${table}" (handle, data, head, secret_hash, previous_epoch, previous_until, epoch, version,
        expires_at, absolute_expires_at, fence, locked_until) VALUES ('', hex(zeroblob(?)), '', '', 0, 0, 0, 1, 9e15, 9e15, 0, 0)`,
    );
    this.#fill = (step) => {
      fill.run((step * this.#ask("page_size")) / 2);
      free.run();
      db.prepare("PRAGMA wal_checkpoint(PASSIVE)").all();
    };
    try {
      this.#fill(STEP);
    } catch (error) {
      if (!isFull(error)) throw error;
    }
    this.#limitTo(this.#ask("page_count"));
  }

  /** Does the work. If the file is full, makes room and does it again, each time with twice as much, as long as there is any. */
  within<R>(work: () => R): R {
    for (let step = STEP; ; step *= 2) {
      try {
        return work();
      } catch (error) {
        if (!isFull(error)) throw error;
        if (!this.#grow(step)) break;
      }
    }
    this.#restartLog();
    return work();
  }

  /** Returns whether there are more pages than before. */
  #grow(step: number): boolean {
    const pages = this.#ask("page_count");
    if (pages > this.#limit) {
      // Another process has made it larger.
      this.#limitTo(pages);
      return true;
    }
    if (!this.#hasSpace(step)) return false;
    this.#limitTo(pages + 2 * step);
    try {
      this.#fill(step);
      return true;
    } catch (error) {
      if (isBusy(error)) throw error;
      return false;
    } finally {
      this.#limitTo(this.#ask("page_count"));
    }
  }

  /** From now on, the log is written from its beginning, unless somebody reads from it. */
  #restartLog(): void {
    try {
      this.#db.prepare("PRAGMA wal_checkpoint(RESTART)").all();
    } catch {
      // The work says what is wrong when it is tried once more.
    }
  }

  /** For the pages in the log and in the file, and as much again for others that write to this disk. */
  #hasSpace(step: number): boolean {
    const { bavail, bsize } = statfsSync(this.#path);
    return bavail * bsize > 4 * step * this.#ask("page_size");
  }

  #limitTo(pages: number): void {
    this.#limit = pages;
    this.#db.exec(`PRAGMA max_page_count = ${pages}`);
  }

  #ask(name: "page_count" | "page_size"): number {
    return Number(Object.values(this.#db.prepare(`PRAGMA ${name}`).get() as object)[0]);
  }
}
