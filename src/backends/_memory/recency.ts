/** What can be in a list by last use, so that using it never searches. */
interface Used<E> {
  older: E | null;
  newer: E | null;
}

/** Entries in the order of their last use. */
export class Recency<E extends Used<E>> {
  /** What the entries in it take. */
  bytes = 0;
  /** The one unused for longest. */
  oldest: E | null = null;
  newest: E | null = null;

  add(entry: E): void {
    entry.older = this.newest;
    entry.newer = null;
    if (this.newest === null) this.oldest = entry;
    else this.newest.newer = entry;
    this.newest = entry;
  }

  remove(entry: E): void {
    const { older, newer } = entry;
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    if (newer === null) this.newest = older;
    else newer.older = older;
    entry.older = null;
    entry.newer = null;
  }
}
