import { operate } from "./operations.ts";
import type { Operation, Step, Visit } from "./plan.ts";
import type { World } from "./world.ts";

const LISTS = { is: "operation", after: 0, server: 0, verb: "list", client: 0 } as const;
const SCANS = { ...LISTS, verb: "scan", user: "", most: 2 } as const;
const MOVES = { ...LISTS, verb: "move", user: "" } as const;
const READS: Omit<Visit, "server"> = {
  is: "visit",
  after: 0,
  client: 0,
  carries: { is: "own" },
  steps: [],
  twice: false,
  exclusive: false,
};

/** Seconds after which nothing of before is under way any more, nor counts as a sign-in that is about to be answered. */
const STILL = 100;

/**
 * When everything works again, looks at what there is: every client comes once more, every token that was ever given is tried, and
 * each user with a limit signs in.
 */
export async function lookAround(world: World): Promise<void> {
  const { plan, clients, requests, history, chance } = world;
  const visit = (steps: readonly Step[]): Visit => ({ ...READS, steps, server: chance.below(plan.servers) });
  if (chance.maybe(0.03)) await world.sleep(plan.settings.idle + 60);
  else if (chance.maybe(0.3) || history.watches.length > 0) await world.sleep(12);
  if (asksFor(world, "move")) await operate(world, MOVES);
  for (const { token } of clients) {
    if (token !== undefined) await requests.ask(visit([]), token);
  }
  if (plan.settings.perUser !== undefined) {
    // Calls may still be under way, and a turn may be kept by one that is never answered.
    await world.sleep(STILL);
    for (const user of usersOf(world)) await countUp(world, user, visit);
  }
  for (const user of usersOf(world)) await operate(world, { ...LISTS, user });
  if (asksFor(world, "scan")) await operate(world, SCANS);
  // The newest first, because the use of an old one may end the session.
  const tokens = history.visits.flatMap(({ given }) => given ?? []).reverse();
  for (const token of new Set(tokens)) await requests.ask(visit([]), token);
}

function asksFor({ plan }: World, verb: Operation["verb"]): boolean {
  return plan.actions.some((action) => action.is === "operation" && action.verb === verb);
}

function usersOf({ history }: World): Set<string> {
  const steps = history.visits.flatMap(({ plan }) => plan.steps);
  return new Set(steps.flatMap((step) => (step.do === "login" ? step.user : [])));
}

/** Signs a user in once more, and notes how many sessions there are before and after. */
async function countUp(world: World, user: string, visit: (steps: readonly Step[]) => Visit): Promise<void> {
  const count = async (): Promise<number> => (await world.servers[0]!.sessions?.count({ userId: user })) ?? 0;
  const from = world.schedule.now;
  const before = await count();
  const { status = 0 } = await world.requests.ask(visit([{ do: "login", user }]), undefined);
  const after = await count();
  world.history.counts.push({ user, from, to: world.schedule.now, before, status, after });
}
