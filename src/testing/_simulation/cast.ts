import type { Chance } from "./chance.ts";
import type { Action, Carried, Fault, Operation, Step, Visit } from "./plan.ts";

/** What a scene can use of its world. */
export interface Stage {
  readonly servers: number;
  readonly clients: number;
  /** Whether anything may break. */
  readonly isRough: boolean;
  /** How long a lock outlives a holder that died, in seconds. */
  readonly lockTtl: number;
  /** Whether sessions move between two stores. */
  readonly moves: boolean;
  /** Whether clients bring sessions of another library. */
  readonly hasLegacy: boolean;
  /** How many sessions a user may have. */
  readonly perUser: number | undefined;
}

/** Who plays: a client, the server that something happens to, and another one. */
export interface Cast {
  readonly client: number;
  readonly server: number;
  readonly other: number;
}

/** Returns some actions that belong together. */
export type Scene = (chance: Chance, cast: Cast, stage: Stage) => Action[];

/** A request soon after the action before it. */
export function visit(
  chance: Chance,
  client: number,
  server: number,
  steps: readonly Step[],
  carries: Carried = { is: "own" },
): Visit {
  const after = chance.next() * 0.05;
  return { is: "visit", after, client, server, carries, steps, twice: false, exclusive: false };
}

/** A session ends: by a logout of its client, or by a revocation. */
export function endOf(chance: Chance, client: number, server: number, after: number): Visit | Operation {
  if (chance.maybe(0.3)) return { ...visit(chance, client, server, [{ do: "logout" }]), after };
  const verb = chance.pick(["revoke", "revokeUser"] as const);
  return { is: "operation", after, server, verb, user: chance.pick(["ann", "bob"]), client };
}

/** A server dies, and starts again at once. */
export function restart(chance: Chance, server: number, after: number): Fault {
  return { is: "fault", after, what: "crash", server, seconds: chance.next() * 0.02 };
}
