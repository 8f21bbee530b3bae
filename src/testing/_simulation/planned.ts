import { withBriefSignIns } from "./brief-sign-ins.ts";
import { Chance } from "./chance.ts";
import type { Action, Carried, Fault, Operation, Plan, Step, Visit } from "./plan.ts";
import { TURNING } from "./plan.ts";
import { sceneOf } from "./scenes.ts";
import { ABSOLUTE, IDLE, settingsOf, weatherOf } from "./settings.ts";

/** What a store lets happen to it. */
export interface Abilities {
  /** How many servers may share it. */
  readonly servers: number;
  /** Whether it decides by a clock of its own, so that those of the servers may differ. */
  readonly ownClock: boolean;
  /** Whether a copy of it can be put back. */
  readonly copies: boolean;
  /** Whether it can list all of its sessions. */
  readonly scans?: boolean;
  /** Whether it is two stores, between which sessions move. */
  readonly moves?: boolean;
}

type Does = Step["do"];
type Verb = Operation["verb"];

/** How often a handler does what, if a world has it at all. */
const STEPS: Readonly<Record<Does, number>> = {
  set: 6,
  write: 3,
  unset: 1,
  empty: 1,
  update: 5,
  save: 2,
  leave: 2,
  take: 3,
  exclusive: 2,
  rotate: 3,
  elevate: 2,
  login: 4,
  logout: 2,
  watch: 3,
  pause: 4,
  throw: 1,
};
const VERBS: Readonly<Record<Verb, number>> = {
  revoke: 2,
  revokeOthers: 2,
  revokeUser: 2,
  list: 3,
  count: 1,
  update: 2,
  prune: 1,
  stranger: 1,
  scan: 3,
  move: 4,
};
const USERS = ["ann", "bob"] as const;

/** Returns what happens in the world of this seed. */
export function planOf(seed: number, abilities: Abilities): Plan {
  const { ownClock, moves = false } = abilities;
  const chance = new Chance(seed, 1);
  const servers = 1 + chance.below(abilities.servers);
  const clients = 1 + chance.below(3);
  const isRough = chance.maybe(0.6);
  const hasLegacy = chance.maybe(0.15);
  // Each world has only some of what there is, and that more often: what is rare would hardly ever meet.
  const steps = someOf(chance, STEPS, 0.55);
  const verbs = someOf(chance, verbsFor(abilities), 0.5);
  const isWatched = steps.watch !== undefined;
  const pace = chance.pick(isWatched ? ([0.004, 0.02, 2] as const) : ([0.004, 0.02, 2, 40] as const));
  const gap = (): number => (chance.maybe(0.7) ? chance.next() * 0.006 : chance.next() * 2 * pace);
  const actions: Action[] = [firstVisit(chance, clients, servers)];
  for (let left = 5 + chance.below(9); left > 0; left--) {
    if (isRough && chance.maybe(0.12)) actions.push(faultOf(chance, servers, abilities, gap()));
    else if (chance.maybe(0.15)) actions.push(operationOf(chance, verbs, clients, servers, gap()));
    else actions.push(visitOf(chance, steps, { clients, servers, hasLegacy }, gap()));
  }
  if (!isWatched && chance.maybe(0.15))
    for (let left = 1 + chance.below(3); left > 0; left--)
      actions.splice(1 + chance.below(actions.length), 0, longPause(chance));
  const settings = settingsOf(chance, { servers, ownClock, hasLegacy });
  const { lockTtl, perUser } = settings;
  const stage = { servers, clients, isRough, lockTtl, moves, hasLegacy, perUser };
  const scene = sceneOf(new Chance(seed, 5), stage);
  // Later, an old session would have moved already.
  const isFirst = scene.some((action) => action.is === "visit" && action.carries.is === "legacy");
  actions.splice(isFirst ? 0 : 1 + chance.below(actions.length), 0, ...scene);
  return {
    seed,
    servers,
    clients,
    settings,
    weather: isRough ? weatherOf(chance) : { lost: 0, unanswered: 0, late: 0, latency: 0.002 },
    actions: withBriefSignIns(actions, new Chance(seed, 6)),
  };
}

/** Somebody looks in after a long time. */
function longPause(chance: Chance): Visit {
  const after = chance.between(0.3, 1.1) * chance.pick([IDLE, ABSOLUTE, 12]);
  const carries: Carried = { is: "own" };
  return { is: "visit", after, client: 0, server: 0, carries, steps: [], twice: false, exclusive: false };
}

/** Most worlds begin with a session. */
function firstVisit(chance: Chance, clients: number, servers: number): Visit {
  const steps: Step[] = [{ do: "set" }];
  if (chance.maybe(0.5)) steps.push({ do: "login", user: chance.pick(USERS) });
  const client = chance.below(clients);
  const server = chance.below(servers);
  const carries: Carried = { is: "own" };
  return { is: "visit", after: 0, client, server, carries, steps, twice: false, exclusive: false };
}

function verbsFor({ scans = false, moves = false }: Abilities): Readonly<Partial<Record<Verb, number>>> {
  const { scan, move, ...others } = VERBS;
  return { ...others, ...(scans ? { scan } : {}), ...(moves ? { move } : {}) };
}

function someOf<K extends string>(
  chance: Chance,
  all: Readonly<Partial<Record<K, number>>>,
  share: number,
): Partial<Record<K, number>> {
  const some: Partial<Record<K, number>> = {};
  const keys = Object.keys(all) as K[];
  for (const key of keys) if (chance.maybe(share)) some[key] = all[key]!;
  if (Object.keys(some).length === 0) some[keys[0]!] = 1;
  return some;
}

function visitOf(
  chance: Chance,
  kinds: Partial<Record<Does, number>>,
  { clients, servers, hasLegacy }: { clients: number; servers: number; hasLegacy: boolean },
  after: number,
): Visit {
  const steps: Step[] = [];
  let turns = false;
  for (let left = chance.below(4); left > 0; left--) {
    const step = stepOf(chance, chance.among(kinds));
    if (TURNING.has(step.do) && turns) continue;
    turns ||= TURNING.has(step.do);
    steps.push(step);
    // Others come in between.
    if (chance.maybe(0.15)) steps.push({ do: "pause", seconds: chance.next() * 0.02 });
  }
  return {
    is: "visit",
    after,
    client: chance.below(clients),
    server: chance.below(servers),
    carries: carriedOf(chance, clients, hasLegacy),
    steps,
    twice: chance.maybe(0.04),
    exclusive: chance.maybe(0.06),
  };
}

function stepOf(chance: Chance, kind: Does): Step {
  switch (kind) {
    case "login":
      return { do: kind, user: chance.pick(USERS) };
    case "pause":
      return { do: kind, seconds: chance.maybe(0.8) ? chance.next() * 0.02 : chance.next() * 3 };
    case "exclusive":
      return { do: kind, seconds: chance.maybe(0.5) ? chance.next() * 0.02 : chance.next() * 8 };
    default:
      return { do: kind };
  }
}

function carriedOf(chance: Chance, clients: number, hasLegacy: boolean): Carried {
  if (chance.maybe(0.82)) return { is: "own" };
  const kind = chance.among({ old: 6, stolen: 5, invented: 1, legacy: hasLegacy ? 8 : 0 });
  if (kind === "old") return { is: kind, back: 1 + chance.below(2) };
  if (kind === "stolen") return { is: kind, from: chance.below(clients) };
  return { is: kind };
}

function operationOf(
  chance: Chance,
  verbs: Partial<Record<Verb, number>>,
  clients: number,
  servers: number,
  after: number,
): Operation {
  return {
    is: "operation",
    after,
    server: chance.below(servers),
    verb: chance.among(verbs),
    user: chance.pick(USERS),
    client: chance.below(clients),
    most: chance.pick([1, 2, 50]),
  };
}

function faultOf(chance: Chance, servers: number, { copies, ownClock }: Abilities, after: number): Fault {
  const server = chance.below(servers);
  const seconds = chance.maybe(0.6) ? chance.next() * 0.05 : chance.next() * 15;
  const kinds = {
    crash: 4,
    cut: 4,
    stall: 4,
    down: 2,
    full: 1,
    failover: copies ? 1 : 0,
    jump: ownClock ? 1 : 0,
  };
  const what = chance.among(kinds);
  switch (what) {
    case "crash":
    case "cut":
    case "stall":
      return { is: "fault", after, what, server, seconds };
    case "failover":
      return { is: "fault", after, what, back: chance.pick([0.003, 0.05, 1]) };
    case "jump":
      return { is: "fault", after, what, seconds: chance.between(-30, 30) };
    default:
      return { is: "fault", after, what, seconds };
  }
}
