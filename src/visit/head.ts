import { addDue, isDue } from "./answer.ts";
import { type HeldResponse, unpackHead, type Way } from "./node-response.ts";
import type { Use } from "./use.ts";

/** Adds headers to a head that is about to leave by this call. Returns its arguments. */
export function addHead(res: HeldResponse, uses: readonly Use[], way: Way, args: unknown[]): unknown[] {
  const isGiven = way === "writeHead" && args.length > 1 && uses.some(isDue);
  const rest = isGiven ? unpackHead(res, args) : args;
  for (const use of uses) addDue(res, use);
  return rest;
}
