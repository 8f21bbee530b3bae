import type { BoundAnswer } from "../core/bound.ts";
import { publish } from "../core/events.ts";
import type { Binding } from "../core/head.ts";
import type { Engine } from "../core/live.ts";
import { readInRealm } from "../core/read-again.ts";
import { aboutOf } from "../core/session.ts";
import { granted, namedBy, over, signThis } from "./answer.ts";
import { amendBinding, bindingIn } from "./binding.ts";
import { usable, withUsed } from "./challenge.ts";
import { tagOf } from "./mac.ts";
import type { Place } from "./place.ts";
import { isSignedBy, type Proof, proofIn } from "./proof.ts";

/** Seconds that a challenge outlives the short cookie that it came with, so that it is there when that has ended. */
const LONGER = 300;

/**
 * Gives the browser a new short cookie if it has signed a challenge of this binding; else a challenge to sign. Throws
 * BackendError, StateError `conflict`.
 */
export async function refresh(
  engine: Engine,
  place: Place,
  id: string,
  response: string | undefined,
): Promise<BoundAnswer> {
  const named = namedBy(id);
  if (named === undefined) return over(id);
  const { handle, tag } = named;
  const record = await readInRealm(engine, handle);
  const binding = record && bindingIn(record);
  const isThis = binding?.keys !== undefined && tagOf(binding.secret) === tag;
  if (record === undefined || !isThis) return over(id);
  const { now } = record;
  const proof = proofIn(response);
  const used = proof && usable(proof.challenge, handle, binding, now, place.life + LONGER);
  if (proof === undefined || used === undefined) return signThis(id, handle, binding, now);
  const key = await signerOf(proof, binding.keys);
  if (key === undefined) {
    publish(engine, "proof_refused", aboutOf(handle, record));
    return signThis(id, handle, binding, now);
  }
  let isFirst = false;
  const shown = (current: Binding | undefined): Binding | undefined => {
    const isSame = current?.secret === binding.secret && current.keys?.includes(key) === true;
    if (!isSame || usable(proof.challenge, handle, current, now, place.life + LONGER) === undefined)
      return undefined;
    isFirst = current.proved !== true;
    return { ...current, keys: [key], proved: true, used: withUsed(current, used) };
  };
  const amended = await amendBinding(engine, handle, record, shown);
  if (amended === "ended") return over(id);
  if (amended === "refused") return signThis(id, handle, binding, now);
  if (isFirst) {
    place.counts.bound += 1;
    publish(engine, "bound", aboutOf(handle, record));
  }
  return granted(place, id, handle, binding, now, place.life);
}

/** A key that comes along proves nothing here: only those that the session is bound to count. */
async function signerOf(proof: Proof, keys: readonly string[]): Promise<string | undefined> {
  if (proof.key !== undefined) return undefined;
  for (const key of keys) if (await isSignedBy(proof, key)) return key;
  return undefined;
}
