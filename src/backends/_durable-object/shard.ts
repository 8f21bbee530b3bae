/**
 * Returns the shard of this handle, from 0. With more shards, a handle stays or moves to one of the new ones, and as few
 * as possible move (rendezvous hashing: the shard with the highest score).
 */
export function shardOf(handle: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < handle.length; at++) hash = Math.imul(hash ^ handle.charCodeAt(at), 0x01000193);
  let highest = -1;
  let best = 0;
  for (let shard = 0; shard < shards; shard++) {
    const score = mixed(hash ^ Math.imul(shard + 1, 0x9e3779b1));
    if (score <= highest) continue;
    highest = score;
    best = shard;
  }
  return best;
}

/** The finalizer of MurmurHash3: each bit of the input changes half of the bits of the output. */
function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
