import { Buffer } from "node:buffer";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import type { Chance } from "./chance.ts";

const { randomBytes } = crypto;
let chance: Chance | undefined;

/**
 * From now on, ids in this process follow from a seed, so that a world can be played again to the byte. The engine has no
 * place to put other ids into, and must not have one: they come from the system's CSPRNG. So it is the CSPRNG of the process
 * that is replaced. Returns a function that puts it back.
 */
export function replaceIds(): () => void {
  crypto.randomBytes = seeded as typeof randomBytes;
  syncBuiltinESMExports();
  return () => {
    crypto.randomBytes = randomBytes;
    syncBuiltinESMExports();
  };
}

/** The ids to come are made of these numbers. */
export function seedIds(from: Chance): void {
  chance = from;
}

function seeded(size: number): Buffer {
  if (chance === undefined) return randomBytes(size);
  const bytes = Buffer.allocUnsafe(Math.ceil(size / 4) * 4);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE(Math.floor(chance.next() * 2 ** 32), at);
  return bytes.subarray(0, size);
}
