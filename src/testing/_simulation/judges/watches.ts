import type { Facts } from "../facts.ts";
import { handleIn, type Watched } from "../history.ts";
import type { Judge } from "./judge.ts";

/** Seconds after the acknowledgment of an end in which whoever watches hears of it. */
const CALM = 1.3;
/** The same where calls are lost: then the lease of the watch runs out. */
const ROUGH = 8;

/** U2: whoever watches a session hears of its end, and of nothing else. */
export const watches: Judge = {
  promise: "U2",
  rule: "whoever watches a session hears of its end within a second, or when the lease runs out, and of no other",
  *judge(facts) {
    for (const watch of facts.history.watches) {
      const visit = facts.history.visits.find(({ id }) => id === watch.visit);
      // A watch goes along with its request, also into a session of its own.
      const handle = visit?.given === undefined ? watch.handle : handleIn(visit.given);
      if (handle === undefined) continue;
      yield* judgeSilence(facts, watch, handle, visit?.answered ?? watch.begun);
      yield* judgeWord(facts, watch, handle);
    }
  },
};

function* judgeSilence(
  facts: Facts,
  { begun, ended, crashed, visit }: Watched,
  handle: string,
  answered: number,
): Iterable<string> {
  const end = facts.endedAt(handle);
  if (end === undefined || facts.history.clocks > 0) return;
  // A process that stands still hears nothing.
  const { actions } = facts.history.plan;
  if (actions.some((action) => action.is === "fault" && action.what === "stall")) return;
  // A session that began with the watch is watched from its first commit on. What its own request may do is told after that.
  const until = Math.max(end, begun, answered) + (facts.isCalm ? CALM : ROUGH);
  const isOver = crashed !== undefined && crashed <= until;
  if (isOver || facts.history.endedAt <= until) return;
  if (ended === undefined || ended.at > until)
    yield `the watch of request ${visit} does not hear that its session has ended`;
}

function* judgeWord(facts: Facts, { ended, visit }: Watched, handle: string): Iterable<string> {
  if (ended === undefined) return;
  const { at, reason } = ended;
  const isExpired = at >= facts.aliveUntil(handle, at);
  const isChanged = facts.turns(handle).some(({ does, begun }) => does !== "rotate" && begun <= at);
  // A store that fails over may have lost a change of rights, or the session and not what came before it.
  const isLost = facts.history.losses.some(({ from }) => from <= at);
  const isTrue =
    reason === "rights"
      ? isChanged || isLost
      : reason === "unreachable"
        ? !facts.isCalm
        : isExpired || isChanged || facts.mayHaveEnded(handle, at);
  if (!isTrue) yield `the watch of request ${visit} hears of an end (${reason}), and there was none`;
}
