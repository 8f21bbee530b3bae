/** What a store has under a key, and the mark by which it can tell later whether that is still so. */
export interface Found<Mark> {
  readonly text: string;
  readonly mark: Mark;
}

/** A store of texts that can be replaced, and removed, only if they are still what was seen: compare-and-swap. */
export interface CasStore<Mark> {
  /** The most bytes of one text. Never asked to store more. */
  readonly maxBytes: number;
  get(key: string): Promise<Found<Mark> | undefined>;
  /** Stores for so many seconds, only if there is nothing; answers whether there was nothing. */
  add(key: string, text: string, seconds: number): Promise<boolean>;
  /** Stores only if there is still what was seen. */
  replace(key: string, text: string, seconds: number, seen: Mark): Promise<"stored" | "changed" | "gone">;
  /** Stores whatever there is. */
  set(key: string, text: string, seconds: number): Promise<void>;
  /** Removes only if there is still what was seen. */
  remove(key: string, seen: Mark): Promise<"removed" | "changed" | "gone">;
  /** Removes whatever there is, and answers it; of several who take at once, one gets it. */
  take(key: string): Promise<string | undefined>;
}
