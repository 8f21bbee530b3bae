import type { Chance } from "./chance.ts";
import type { Settings, Weather } from "./plan.ts";

/** The timeouts of every world, in seconds. */
export const IDLE = 600;
export const ABSOLUTE = 2000;
/** The idle timeout of a brief sign-in. */
export const BRIEF = 150;

/** Returns how the network of a world behaves in which something breaks. */
export function weatherOf(chance: Chance): Weather {
  const some = (most: number): number => (chance.maybe(0.5) ? chance.next() * most : 0);
  return {
    lost: some(0.05),
    unanswered: some(0.06),
    late: some(0.03),
    latency: chance.pick([0.001, 0.003, 0.02]),
  };
}

/** Returns how the engines of a world are set up. */
export function settingsOf(
  chance: Chance,
  { servers, ownClock, hasLegacy }: { servers: number; ownClock: boolean; hasLegacy: boolean },
): Settings {
  const isLimited = chance.maybe(0.2);
  return {
    idle: IDLE,
    absolute: ABSOLUTE,
    brief: BRIEF,
    grace: 10,
    throttle: chance.pick([0, 30]),
    perUser: isLimited ? 1 + chance.below(2) : undefined,
    onLimit: chance.pick(["end-oldest", "end-idlest", "refuse"]),
    onReuse: chance.maybe(0.2) ? "revoke" : "report",
    legacy: hasLegacy,
    schema: chance.maybe(0.1),
    lockTtl: chance.pick([1, 10]),
    drift: Array.from({ length: servers }, () => (ownClock ? chance.between(-20, 20) : 0)),
  };
}
