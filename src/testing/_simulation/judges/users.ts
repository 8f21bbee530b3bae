import type { Facts } from "../facts.ts";
import type { Operated } from "../history.ts";
import type { Judge } from "./judge.ts";

/** U1: a user's list has every session that was signed in to before, and no other. */
export const users: Judge = {
  promise: "U1",
  rule: "a user's list has every session that the user had signed in to before, and none of somebody else",
  *judge(facts) {
    for (const operated of facts.history.operations) {
      const { plan, done, value } = operated;
      if (done === undefined || (plan.verb !== "list" && plan.verb !== "count")) continue;
      const sure = [...facts.handles].filter((handle) => isListed(facts, handle, operated, done));
      const possible = [...facts.handles].filter((handle) => facts.users.get(handle)?.has(plan.user));
      const unknown = lostSignIns(facts, operated);
      if (plan.verb === "count") {
        const count = Number(value);
        const most = possible.length + unknown;
        if (count < sure.length || count > most)
          yield `${plan.user} has ${count} sessions, and should have ${sure.length} to ${most}`;
        continue;
      }
      const listed = value as readonly string[];
      const missing = sure.find((handle) => !listed.includes(handle));
      if (missing !== undefined) yield `a session that ${plan.user} had signed in to is missing in the list`;
      if (listed.filter((handle) => !possible.includes(handle)).length > unknown)
        yield `the list of ${plan.user} has a session that ${plan.user} never signed in to`;
    }
  },
};

/**
 * How many sign-ins may have begun a session of which nobody got the id, because no answer came, or because a revocation ended it
 * before the answer, which then came with another one.
 */
function lostSignIns({ history }: Facts, { plan }: Operated): number {
  const revocations = history.operations.filter(
    ({ plan: { verb, user } }) => user === plan.user && (verb === "revokeUser" || verb === "revokeOthers"),
  );
  return history.visits.filter(({ given, begun, answered = Number.POSITIVE_INFINITY, plan: { steps } }) => {
    const isRevoked = revocations.some(
      ({ begun: from, done = Number.POSITIVE_INFINITY }) => from <= answered && done >= begun,
    );
    const signsIn = steps.some((step) => step.do === "login" && step.user === plan.user);
    return signsIn && (given === undefined || isRevoked);
  }).length;
}

function isListed(facts: Facts, handle: string, { plan, begun }: Operated, done: number): boolean {
  const users = facts.users.get(handle);
  if (users?.size !== 1 || !users.has(plan.user) || facts.mayHaveEnded(handle, done)) return false;
  if (done >= facts.aliveUntil(handle, begun)) return false;
  return facts.turns(handle).some(({ does, isSure, over }) => does === "login" && isSure && over < begun);
}

/** S10: another application on the same store knows nothing of these sessions. */
export const strangers: Judge = {
  promise: "S10",
  rule: "another realm on the same store finds, lists and ends none of these sessions",
  *judge({ history }) {
    for (const { plan, done, value } of history.operations) {
      if (plan.verb === "stranger" && done !== undefined && value !== 0)
        yield `another application finds or ends ${String(value)} of the sessions of ${plan.user}`;
    }
  },
};
