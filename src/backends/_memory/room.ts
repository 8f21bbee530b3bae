import { bytesOf, type Entry } from "./entry.ts";
import { Recency } from "./recency.ts";
import { warnFull, warnSignedOut } from "./warning.ts";

/** The share of the memory that sessions of signed-in users may take: so anonymous ones never have to take theirs. */
const SHARE = 7 / 8;

/** What the owner of the entries provides. */
interface Owner {
  /** Frees an entry that has expired, if there is one. Returns whether it did. */
  freeOne(): boolean;
  /** Removes an entry, from here as well. */
  evict(entry: Entry): void;
}

/**
 * Counts what the entries take, and says which has to go when they take too much: of the anonymous ones, and of those of
 * signed-in users, always the one unused for longest. Neither kind makes room for the other, except that the signed-in
 * ones may have all but an eighth.
 */
export class Room {
  readonly #maxBytes: number;
  readonly #owner: Owner;
  readonly #anonymous = new Recency<Entry>();
  readonly #signedIn = new Recency<Entry>();

  #evicted = 0;
  #signedOut = 0;

  constructor(maxBytes: number, owner: Owner) {
    this.#maxBytes = maxBytes;
    this.#owner = owner;
  }

  /** How many were evicted. */
  get evicted(): number {
    return this.#evicted;
  }

  get bytes(): number {
    return this.#anonymous.bytes + this.#signedIn.bytes;
  }

  get #isCrowded(): boolean {
    return this.#signedIn.bytes > this.#maxBytes * SHARE;
  }

  add(entry: Entry): void {
    const list = this.#listOf(entry);
    list.add(entry);
    list.bytes += bytesOf(entry);
  }

  /** Call it before anything else of the entry than its data changes. */
  remove(entry: Entry): void {
    const list = this.#listOf(entry);
    list.remove(entry);
    list.bytes -= bytesOf(entry);
  }

  /** The entry was used; its data has grown by so many bytes. Called at each request, so it calls nothing that it need not. */
  use(entry: Entry, grown: number): void {
    const list = entry.more.userId === null ? this.#anonymous : this.#signedIn;
    list.bytes += grown;
    if (list.newest === entry) return;
    list.remove(entry);
    list.add(entry);
  }

  /** Frees what has expired, then evicts, until there is room; but never `keep`. */
  make(keep: Entry): void {
    while (this.bytes > this.#maxBytes || this.#isCrowded) {
      if (this.#owner.freeOne()) continue;
      const entry = this.#next(keep);
      if (entry === null) return;
      this.#owner.evict(entry);
      if (++this.#evicted === 1) warnFull(this.#maxBytes);
      if (isSignedIn(entry) && ++this.#signedOut === 1) warnSignedOut(this.#maxBytes);
    }
  }

  #next(keep: Entry): Entry | null {
    const { oldest } = this.#isCrowded ? this.#signedIn : this.#anonymous;
    return oldest === keep ? keep.newer : oldest;
  }

  #listOf(entry: Entry): Recency<Entry> {
    return isSignedIn(entry) ? this.#signedIn : this.#anonymous;
  }
}

function isSignedIn({ more }: Entry): boolean {
  return more.userId !== null;
}

/** A text put together from parts keeps them until a character of it is read. */
export function inOnePiece(data: string): string {
  if (data.charCodeAt(data.length - 1) !== 125 /* } */) throw new TypeError("data is no JSON object");
  return data;
}
