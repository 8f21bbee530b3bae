import { AT_ONCE, type Facts, type Turn } from "../facts.ts";
import { handleIn, type Visited } from "../history.ts";
import type { Judge } from "./judge.ts";

/** C5: an id from before a change of rights opens nothing, and what begun under the old rights writes nothing. */
export const oldIds: Judge = {
  promise: "C5",
  rule: "an id that was replaced opens nothing, after a rotation once its grace is over, after a change of rights at once",
  *judge(facts) {
    for (const handle of facts.handles)
      for (const turn of facts.turns(handle)) {
        if (!turn.isSure || turn.ends || turn.visit === undefined) continue;
        if (facts.isLost(turn.begun, turn.over)) continue;
        yield* judgeTurn(facts, handle, turn, turn.visit);
      }
  },
};

function* judgeTurn(
  facts: Facts,
  handle: string,
  { does, begun, over }: Turn,
  visit: Visited,
): Iterable<string> {
  const { settings } = facts.history.plan;
  const isOther = does !== "rotate";
  const deadAt = isOther ? over : over + settings.grace + facts.slack + 0.1;
  for (const later of facts.found(handle)) {
    const { id, sent, seen, deeds, handled, given } = later;
    const giver = sent === undefined ? undefined : facts.givenBy.get(sent);
    // Who has an id of another session as well may have opened this one with the cookie of another library.
    const isOld = giver?.answered !== undefined && giver.answered < begun && handleIn(sent!) === handle;
    if (isOld && later.begun > deadAt)
      yield `request ${id} opens the session with an id that request ${visit.id} had replaced`;
    if (!isOther || later === visit || seen!.at >= begun || given !== undefined) continue;
    const update = deeds.find(
      (deed) => deed.step.do === "update" && deed.begun > over && deed.done !== undefined,
    );
    // What a later step has saved at once may have been stored before.
    const unsaved = deeds.slice(1 + deeds.findLastIndex(({ step }) => AT_ONCE.has(step.do)));
    const removed = new Set(unsaved.filter(({ step }) => step.do === "unset").map(({ value }) => value));
    const isWritten = unsaved.some(
      ({ step, value }) => step.do === "write" || (step.do === "set" && !removed.has(value)),
    );
    const isKept = handled !== undefined && handled > over && isWritten && facts.isStored(later);
    if (update !== undefined || (isKept && (later.left ?? 0) > 0 && !endsIt(later)))
      yield `request ${id} writes under the rights that request ${visit.id} had changed`;
  }
}

function endsIt({ plan, lines }: Visited): boolean {
  return lines.length > 0 || plan.steps.some((step) => step.do === "logout");
}

/** R3: the use of an id that was replaced is an event, and nothing else is. */
export const reuse: Judge = {
  promise: "R3",
  rule: "the use of an id after its grace is an event, once for each id, and nothing else is one",
  *judge(facts) {
    const { slack, history } = facts;
    const { heard, plan } = history;
    const reused = heard.filter(({ name }) => name === "reused");
    for (const { handle, at } of reused) {
      const isReal = facts
        .turns(handle ?? "")
        .some(({ begun }) => at > begun + plan.settings.grace - slack - 1);
      if (!isReal) yield "an id counts as used again, and nothing had replaced it";
    }
    for (const handle of facts.handles)
      for (const turn of facts.turns(handle)) {
        const old = turn.visit?.sent;
        if (old === undefined || !turn.isSure || turn.ends || turn.visit?.seen?.handle !== handle) continue;
        if (facts.isLost(turn.begun, turn.over)) continue;
        const dead = turn.over + plan.settings.grace + slack + 1;
        const user = facts
          .visits(handle)
          .find(
            ({ sent, begun, answered, status = 0 }) =>
              sent === old &&
              begun > dead &&
              answered !== undefined &&
              status < 500 &&
              answered < facts.aliveUntil(handle, begun),
          );
        if (user === undefined || facts.mayHaveEnded(handle, user.answered!)) continue;
        // Another one with the same id, at the same time, may be the one that tells of it.
        const tellers = facts
          .visits(handle)
          .filter(({ sent, begun }) => sent === old && begun <= user.answered!);
        const told = Math.max(...tellers.map(({ answered = Number.POSITIVE_INFINITY }) => answered));
        if (
          told < Number.POSITIVE_INFINITY &&
          !reused.some(({ handle: of, at }) => of === handle && at <= told)
        )
          yield `request ${user.id} uses an id again that request ${turn.visit!.id} had replaced, and there is no event`;
      }
  },
};
