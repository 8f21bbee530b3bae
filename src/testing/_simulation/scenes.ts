import type { Chance } from "./chance.ts";
import type { Action, Fault, Operation, Step, Visit } from "./plan.ts";

/** What a scene can use of its world. */
interface Stage {
  readonly servers: number;
  readonly clients: number;
  /** Whether anything may break. */
  readonly isRough: boolean;
  /** How long a lock outlives a holder that died, in seconds. */
  readonly lockTtl: number;
}

/** Who plays: a client, the server that something happens to, and another one. */
interface Cast {
  readonly client: number;
  readonly server: number;
  readonly other: number;
}

type Scene = (chance: Chance, cast: Cast, stage: Stage) => Action[];

/** How many worlds have a scene. */
const SHARE = 0.12;

/**
 * Returns some actions that belong together, for some of the worlds; none for the others. Chance alone would hardly ever bring about
 * what takes several things in one order, each of which lasts for seconds.
 */
export function sceneOf(chance: Chance, stage: Stage): readonly Action[] {
  if (!chance.maybe(SHARE)) return [];
  const server = chance.below(stage.servers);
  const other = (server + 1) % stage.servers;
  const cast: Cast = { client: chance.below(stage.clients), server, other };
  const scenes: Scene[] = [endedMeanwhile];
  if (stage.isRough && stage.servers > 1) scenes.push(overtaken, unreachable);
  return chance.pick(scenes)(chance, cast, stage);
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

function endOf(chance: Chance, client: number, server: number, after: number): Visit | Operation {
  if (chance.maybe(0.3)) return { ...visit(chance, client, server, [{ do: "logout" }]), after };
  const verb = chance.pick(["revoke", "revokeUser"] as const);
  return { is: "operation", after, server, verb, user: chance.pick(["ann", "bob"]), client };
}

function visit(chance: Chance, client: number, server: number, steps: readonly Step[]): Visit {
  const after = chance.next() * 0.05;
  return {
    is: "visit",
    after,
    client,
    server,
    carries: { is: "own" },
    steps,
    twice: false,
    exclusive: false,
  };
}
