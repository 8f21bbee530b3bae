import type { SessionData } from "../backends/backend.ts";
import { changesBetween, encode, setKey } from "./codec.ts";
import type { Live } from "./live.ts";
import { startsOver } from "./session.ts";
import { ask, reverted, saveRefused } from "./state.ts";

/**
 * Takes back what a save could not store, if the handler has heard of that and has not asked again: an answer that says
 * that nobody is signed in must be right. What was changed since stays.
 */
export function takeBack(live: Live): void {
  const { phase, intent, data, turn } = live;
  const { refused } = turn;
  if (refused === undefined) return;
  saveRefused(live, undefined);
  if (phase.is !== "new" && phase.is !== "stored") return;
  const { set, unset } = changesBetween(refused, encode(data));
  const later = [...set.keys(), ...unset].map((key) => [key, (data as SessionData)[key]] as const);
  reverted(live);
  if (startsOver(intent)) for (const key of Object.keys(data)) setKey(data, key, undefined);
  for (const [key, value] of later) setKey(data, key, value);
  const asked = ("before" in intent ? intent.before : undefined) ?? intent;
  if (asked.is !== "login") ask(live, asked);
}
