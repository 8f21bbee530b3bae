import type { BoundAnswer } from "../core/bound.ts";
import { drop } from "../core/commit.ts";
import { type Binding, recall } from "../core/head.ts";
import type { Engine, Stored } from "../core/live.ts";
import { load } from "../core/load.ts";
import { granted, idOf, later, notRegistered } from "./answer.ts";
import { amendBinding } from "./binding.ts";
import { usable } from "./challenge.ts";
import { tagOf } from "./mac.ts";
import type { Place } from "./place.ts";
import { isSignedBy, type Proof, proofIn } from "./proof.ts";

/** Seconds from an offer in which the browser may register a key. */
export const OFFERED_FOR = 300;

/**
 * Seconds that the first short cookie lives, at most: then the browser has to sign, and shows that it has got the answer to
 * its registration. Until then nothing depends on the key, so that an answer that is lost costs nobody the session.
 */
const FIRST_LIFE = 5;

/** Two answers may each offer, and then the browser registers two keys, in any order. */
const MOST_KEYS = 3;

/** Registers the browser's key for the session of its cookie, if that was just offered to it. Throws BackendError. */
export async function register(
  engine: Engine,
  place: Place,
  header: (name: string) => string | undefined,
): Promise<BoundAnswer> {
  const proof = proofIn(header("secure-session-response"));
  if (proof?.key === undefined || !place.algorithms.includes(proof.algorithm)) return notRegistered();
  const live = await load(engine, header("cookie"), { adapter: true, idle: true });
  drop(live);
  const phase = live.phase.is === "over" ? live.phase.before : live.phase;
  if (phase.is === "readOnly") return later();
  if (phase.is !== "stored") return notRegistered();
  return registerFor(engine, place, phase, proof, proof.key);
}

async function registerFor(
  engine: Engine,
  place: Place,
  { handle, record, head }: Stored,
  proof: Proof,
  key: string,
): Promise<BoundAnswer> {
  const { now } = record;
  const offered = recall(head).bound;
  const isOffered = offered !== undefined && offered.proved !== true;
  if (!isOffered || usable(proof.challenge, handle, offered, now, OFFERED_FOR) === undefined)
    return notRegistered();
  if (!(await isSignedBy(proof, key))) return notRegistered();
  const withKey = (binding: Binding | undefined): Binding | undefined => {
    if (binding?.secret !== offered.secret || binding.proved === true) return undefined;
    const { keys = [] } = binding;
    return { ...binding, keys: [key, ...keys.filter((other) => other !== key)].slice(0, MOST_KEYS) };
  };
  const amended = await amendBinding(engine, handle, record, withKey);
  if (typeof amended === "string") return notRegistered();
  const id = idOf(handle, tagOf(offered.secret));
  return granted(place, id, handle, offered, now, Math.min(place.life, FIRST_LIFE));
}
