import { type Cast, endOf, restart, type Stage, visit } from "./cast.ts";
import type { Chance } from "./chance.ts";
import type { Action, Fault, Operation, Step, Visit } from "./plan.ts";

/*
 * What may happen to one session while it moves between two stores. Whether it moves, and which way, is up to the servers: each goes on
 * to the next step of the deployment when it starts again.
 */

/**
 * A session is created, perhaps its mover dies on the way, and the servers go on by some steps, one of them perhaps by one more. Then it
 * moves again while something else happens to it, and is looked at after a while.
 */
export function movesOn(chance: Chance, cast: Cast, stage: Stage): Action[] {
  const { client, server, other } = cast;
  const looks = [server, other].map((each) => visit(chance, client, each, []));
  const rounds = chance.pick([0, 1, 1, 2]);
  return [
    visit(chance, client, server, [{ do: "set" }, { do: "login", user: "ann" }]),
    ...(chance.maybe(0.4) ? killedOnTheWay(chance, cast) : []),
    ...Array.from({ length: rounds }, () => everywhere(chance, cast, stage)).flat(),
    ...(chance.maybe(0.75) ? [restart(chance, server, 0.3)] : []),
    move(chance, cast),
    ...meanwhile(chance, cast),
    ...(chance.maybe(0.5) ? [stall(chance, server)] : []),
    { ...looks[0]!, after: chance.pick([0.5, 4, 200]) },
    looks[1]!,
  ];
}

/** Who brings a session dies on the way. Then everything is removed from it, or it lasts for a shorter time, which passes. */
export function leftBehind(chance: Chance, cast: Cast): Action[] {
  const { client, server } = cast;
  const step = chance.pick([{ do: "empty" }, { do: "login", user: "ann", brief: true }] as const);
  const after = step.do === "empty" ? chance.between(1, 6) : chance.between(160, 400);
  return [
    visit(chance, client, server, [{ do: "set" }]),
    ...killedOnTheWay(chance, cast),
    { ...visit(chance, client, server, [step]), after: chance.next() * 5 },
    { ...visit(chance, client, server, []), after },
  ];
}

/** A server that is one step ahead looks for sessions while another moves them to where it has looked already. */
export function lookedForMeanwhile(chance: Chance, { client, server, other }: Cast, stage: Stage): Action[] {
  const verb = chance.pick(["list", "list", "scan", "watch", "watch"] as const);
  const everyone = (steps: readonly Step[], within: number): Visit[] =>
    Array.from({ length: stage.clients }, (_, each) => ({
      ...visit(chance, each, server, steps),
      after: chance.next() * within,
    }));
  const look = operation(verb === "scan" ? verb : "list", client, server);
  const others = Array.from({ length: stage.servers - 1 }, (_, each) => (server + 1 + each) % stage.servers);
  const ahead: Fault = { is: "fault", after: 0.3, what: "crash", server, seconds: 0 };
  return [
    ...everyone([{ do: "set" }, { do: "login", user: "ann" }], 0.05),
    ...[...others, server].map((each) => restart(chance, each, 0.3)),
    ahead,
    ...(verb === "watch" ? everyone([{ do: "watch" }], 0.004) : []),
    // A watcher looks a quarter of a second after it has begun, if nothing tells it of an end.
    { ...operation("move", client, other), after: chance.between(0.17, 0.26) },
    ...(verb === "watch" ? [] : Array.from({ length: 6 }, () => ({ ...look, after: chance.next() * 0.01 }))),
  ];
}

/** A user who has never signed in before signs in everywhere at once, more often than is allowed. */
export function signInsAtOnce(chance: Chance, { client, server, other }: Cast, stage: Stage): Action[] {
  return Array.from({ length: stage.perUser! + 1 }, (_, each) => ({
    ...visit(chance, client, each % 2 === 0 ? server : other, [{ do: "login", user: "eve" }], {
      is: "invented",
    }),
    after: chance.next() * 0.006,
  }));
}

/** Two servers bring the same session of another library at once. */
export function twoBuilds(chance: Chance, { client, server, other }: Cast, { isRough }: Stage): Action[] {
  const carries = { is: "legacy" } as const;
  return [
    visit(chance, client, server, [{ do: "set" }], carries),
    { ...visit(chance, client, other, [{ do: "set" }], carries), after: chance.next() * 0.01 },
    ...(isRough ? [stall(chance, other)] : []),
    { ...visit(chance, client, server, []), after: 0.5 },
  ];
}

function killedOnTheWay(chance: Chance, cast: Cast): Action[] {
  return [move(chance, cast), restart(chance, cast.other, chance.next() * chance.pick([0.01, 0.04, 0.2]))];
}

function everywhere(chance: Chance, { server }: Cast, { servers }: Stage): Action[] {
  return Array.from({ length: servers }, (_, index) => restart(chance, (server + index) % servers, 0.3));
}

/** A server stands still in the middle of what it does, while others go on. */
function stall(chance: Chance, server: number): Fault {
  const after = chance.next() * chance.pick([0.03, 0.3]);
  return { is: "fault", after, what: "stall", server, seconds: chance.next() * 0.5 };
}

/** The other server moves it: because somebody uses it, or all sessions. */
function move(chance: Chance, { client, other }: Cast): Action {
  if (chance.maybe(0.5)) return { ...visit(chance, client, other, []), after: 0.5 };
  return { ...operation("move", client, other), after: 0.5 };
}

function meanwhile(chance: Chance, { client, server, other }: Cast): Action[] {
  const after = chance.next() * chance.pick([0.01, 0.04, 0.2]);
  switch (chance.below(8)) {
    case 0:
      return [restart(chance, other, after)];
    case 1:
      return [endOf(chance, client, server, after)];
    case 2:
      return [{ ...operation("scan", client, server), after }];
    case 3:
      return [{ ...operation("list", client, server), after }];
    case 4:
      return [{ ...visit(chance, client, server, [{ do: "login", user: "ann", brief: true }]), after }];
    case 5:
      return [{ ...visit(chance, client, server, [{ do: "watch" }]), after }];
    case 6:
      return [{ ...visit(chance, client, server, [{ do: "empty" }]), after }];
    default:
      return [{ ...visit(chance, client, server, [{ do: "update" }]), after }];
  }
}

function operation(verb: Operation["verb"], client: number, server: number): Operation {
  return { is: "operation", after: 0, server, verb, user: "ann", client, most: 50 };
}
