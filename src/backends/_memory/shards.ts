import type { Entry } from "./entry.ts";

/** One large Map copies itself whole when it grows, which holds the event loop for 100 ms at half a million sessions. */
export const SHARDS = 64;

/*
 * A scan follows the order of the shards, in each of them that of the last but one character, and then that of the handles: so it
 * need not sort a whole shard.
 */

/**
 * Returns the next entries after this handle, about `most` of them and in their order; from the beginning for "". None, if there
 * are no more. A shard is looked at whole, which takes few milliseconds even if there are millions.
 */
export function entriesAfter(shards: readonly Map<string, Entry>[], handle: string, most: number): Entry[] {
  const first = handle === "" ? 0 : shardOf(handle);
  const found: Entry[] = [];
  for (let n = first; n < SHARDS && found.length < most; n++)
    found.push(...nextIn(shards[n]!, n === first ? handle : "", most - found.length));
  return found;
}

/** Returns the number of the shard that has this handle. */
export function shardOf(handle: string): number {
  return handle.charCodeAt(handle.length - 1) % SHARDS || 0;
}

/** Returns the next entries of one shard: whole groups with the same last but one character, as many as are needed. */
function nextIn(shard: Map<string, Entry>, after: string, most: number): Entry[] {
  const from = after === "" ? 0 : groupOf(after);
  const sizes = new Uint32Array(GROUPS);
  for (const handle of shard.keys()) sizes[groupOf(handle)]! += 1;
  let to = from;
  // The first group may have little left after the handle.
  for (let size = 0; to < GROUPS && size < most; to++) if (to > from || after === "") size += sizes[to]!;
  const found: Entry[] = [];
  for (const [handle, entry] of shard) {
    const group = groupOf(handle);
    if (group < from || group >= to || (group === from && handle <= after)) continue;
    found.push(entry);
  }
  return found.sort((one, other) => compare(one.handle, other.handle));
}

const GROUPS = 128;

function groupOf(handle: string): number {
  return handle.charCodeAt(handle.length - 2) % GROUPS || 0;
}

function compare(one: string, other: string): number {
  return groupOf(one) - groupOf(other) || (one < other ? -1 : 1);
}
