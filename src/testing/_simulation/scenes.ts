import { type Cast, endOf, type Scene, type Stage, visit } from "./cast.ts";
import type { Chance } from "./chance.ts";
import { leftBehind, lookedForMeanwhile, movesOn, signInsAtOnce, twoBuilds } from "./moving-scenes.ts";
import type { Action, Fault, Step } from "./plan.ts";

/** How many worlds have a scene. */
const SHARE = 0.12;
/** How many of those in which sessions move have a scene of that. */
const MOVING = 0.7;

/**
 * Returns some actions that belong together, for some of the worlds; none for the others. Chance alone would hardly ever bring about
 * what takes several things in one order, each of which lasts for seconds.
 */
export function sceneOf(chance: Chance, stage: Stage): readonly Action[] {
  const scenes = scenesOf(chance, stage);
  if (scenes.length === 0) return [];
  const server = chance.below(stage.servers);
  const other = (server + 1) % stage.servers;
  const cast: Cast = { client: chance.below(stage.clients), server, other };
  return chance.pick(scenes)(chance, cast, stage);
}

function scenesOf(chance: Chance, stage: Stage): readonly Scene[] {
  const { servers, isRough } = stage;
  if (stage.moves && chance.maybe(MOVING)) return movingScenesOf(stage);
  if (!chance.maybe(SHARE)) return [];
  if (!isRough || servers === 1) return [endedMeanwhile];
  return [endedMeanwhile, overtaken, unreachable, sentAgain];
}

function movingScenesOf({ isRough, hasLegacy, perUser }: Stage): readonly Scene[] {
  if (hasLegacy) return [twoBuilds];
  if (isRough) return [movesOn, movesOn, leftBehind, lookedForMeanwhile];
  return perUser === undefined ? [] : [signInsAtOnce];
}

/** Who has a session exclusively stands still, or does not reach the store, until another one has it. */
function overtaken(chance: Chance, { client, server, other }: Cast, { lockTtl }: Stage): Action[] {
  const seconds = lockTtl * chance.between(1.1, 2.5);
  const what = chance.pick(["stall", "cut"] as const);
  const held = what === "stall" ? chance.between(0.3, lockTtl) : seconds + chance.between(0.3, 2);
  const fault: Fault = { is: "fault", after: chance.between(0.03, 0.28), what, server, seconds };
  return [
    visit(chance, client, server, [{ do: "exclusive", seconds: held }]),
    fault,
    visit(chance, client, other, [{ do: "exclusive", seconds: chance.next() * 0.1 }]),
  ];
}

/** A session is watched where the store cannot be reached, and ends elsewhere. */
function unreachable(chance: Chance, { client, server, other }: Cast): Action[] {
  const seconds = chance.between(9, 20);
  const fault: Fault = { is: "fault", after: chance.between(0.1, 1), what: "cut", server, seconds };
  return [
    visit(chance, client, server, [{ do: "set" }, { do: "watch" }]),
    fault,
    endOf(chance, client, other, chance.next()),
  ];
}

/** A request that has saved once, with a cookie to send, goes on after the end of its session. */
function endedMeanwhile(chance: Chance, { client, server, other }: Cast): Action[] {
  const pause: Step = { do: "pause", seconds: chance.between(0.1, 0.5) };
  const turn = chance.pick(["rotate", "elevate"] as const);
  return [
    visit(chance, client, server, [{ do: turn }, { do: "save" }, pause, { do: "set" }]),
    endOf(chance, client, other, chance.between(0.02, 0.2)),
  ];
}

/** The answer to a change is lost, and somebody else changes the session before it is sent again. */
function sentAgain(chance: Chance, { client, server, other }: Cast): Action[] {
  const does = chance.pick(["update", "take", "leave"] as const);
  const then = chance.pick(["elevate", "update", "take", "leave"] as const);
  const seconds = chance.between(0.02, 0.2);
  const fault: Fault = { is: "fault", after: chance.next() * 0.08, what: "cut", server, seconds };
  return [
    { ...visit(chance, client, other, [{ do: "leave" }]), after: 1 },
    { ...visit(chance, client, server, [{ do: does }]), after: 1 },
    fault,
    visit(chance, client, other, [{ do: then }]),
  ];
}
