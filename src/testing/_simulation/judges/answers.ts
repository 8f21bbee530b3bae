import type { Judge } from "./judge.ts";

/** Seconds in which each request is answered: its calls of the store, each with its deadline, and waits for a lock. */
const BOUND = 150;

/** R1: every request is answered, and in a calm world none fails. */
export const answers: Judge = {
  promise: "R1",
  rule: "every request is answered in bounded time, and none fails where nothing breaks",
  *judge({ history, isCalm }) {
    if (!history.isComplete) yield "something that was asked never came to an end";
    for (const { id, begun, answered, status = 0, deeds, plan } of history.visits) {
      if (answered !== undefined && answered - begun > BOUND)
        yield `request ${id} is answered after ${Math.round(answered - begun)} s`;
      // Whoever waits for an exclusive use may wait in vain.
      const mayFail =
        plan.exclusive || deeds.some(({ step }) => step.do === "throw" || step.do === "exclusive");
      if (isCalm && status >= 500 && !mayFail)
        yield `request ${id} fails with ${status}, and nothing was broken`;
    }
    if (isCalm && history.operations.some(({ failed, plan }) => failed && plan.verb !== "update"))
      yield "an operator's request fails, and nothing was broken";
  },
};

/** C9: nothing is dropped without a reason. */
export const drops: Judge = {
  promise: "C9",
  rule: "what a request writes is dropped only where its session has ended or its rights have changed",
  *judge(facts) {
    for (const { name, handle, at } of facts.history.heard) {
      if (name !== "discarded" || handle === undefined) continue;
      const isReal = facts.turns(handle).some(({ begun }) => begun <= at) || facts.mayHaveEnded(handle, at);
      const isKnown = facts.visits(handle).length > 0;
      if (isKnown && !isReal && at < facts.aliveUntil(handle, at))
        yield "what a request wrote is dropped, and nothing had happened to its session";
    }
  },
};

/** C9: whoever asks is told. */
export const told: Judge = {
  promise: "C9",
  rule: "an exclusive use whose writes are dropped is refused",
  *judge(facts) {
    for (const { name, handle, at } of facts.history.heard) {
      if (name !== "discarded" || handle === undefined) continue;
      // Where others use the session as well, what was dropped may be theirs.
      const users = facts
        .visits(handle)
        .filter(({ begun, answered }) => begun <= at && (answered ?? at) >= at);
      const [only] = users;
      if (users.length !== 1 || only!.plan.exclusive) continue;
      const deed = only!.deeds.find(({ begun, done }) => begun < at && done !== undefined && done > at);
      if (deed?.step.do === "exclusive")
        yield `what request ${only!.id} wrote is dropped, and its exclusive use succeeds`;
    }
  },
};
