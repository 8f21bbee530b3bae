import { handleIn } from "../history.ts";
import type { Step } from "../plan.ts";
import type { Judge } from "./judge.ts";

const ATTRIBUTES = "; Path=/; HttpOnly; Secure; SameSite=Lax";
const REMOVAL = `session_id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${ATTRIBUTES}`;

/** B3: the cookie is as it should be. */
export const attributes: Judge = {
  promise: "B3",
  rule: "each cookie has its attributes, and comes at most once in an answer",
  *judge({ history }) {
    for (const { id, lines, given } of history.visits) {
      const own = lines.filter((line) => line.startsWith("session_id"));
      if (own.length > 1) yield `request ${id} gets ${own.length} cookies`;
      const wanted = given === undefined ? REMOVAL : `session_id=${given}${ATTRIBUTES}`;
      if (own.length === 1 && own[0] !== wanted) yield `request ${id} gets the cookie "${own[0]!.slice(60)}"`;
    }
  },
};

const STORES_NOTHING: ReadonlySet<Step["do"]> = new Set<Step["do"]>([
  "pause",
  "take",
  "watch",
  "save",
  "unset",
  "rotate",
  "elevate",
]);

/** B2: nothing stored, no cookie. */
export const nothing: Judge = {
  promise: "B2",
  rule: "who brings no cookie and stores nothing gets none",
  *judge({ history }) {
    for (const { id, plan, sent, broughtLegacy, lines } of history.visits) {
      if (sent !== undefined || broughtLegacy || !plan.steps.every((step) => STORES_NOTHING.has(step.do)))
        continue;
      if (lines.length > 0) yield `request ${id} has stored nothing, and gets a cookie`;
    }
  },
};

/** B5: a logout takes the cookie away. */
export const removals: Judge = {
  promise: "B5",
  rule: "the answer to a logout removes the cookie",
  *judge(facts) {
    // A client that sends a deletion again is told that there was nothing to delete.
    if (!facts.isCalm) return;
    for (const handle of facts.handles) {
      const logout = facts.turns(handle).find(({ does, isSure }) => does === "logout" && isSure);
      const { visit } = logout ?? {};
      if (visit?.answered === undefined || visit.answered >= facts.aliveUntil(handle, visit.begun)) continue;
      if (facts.mayHaveEnded(handle, visit.answered, visit)) continue;
      if (!visit.lines.includes(REMOVAL)) yield `request ${visit.id} logs out, and its cookie stays`;
    }
  },
};

/** B7: an id that no server has issued is never adopted. */
export const adopted: Judge = {
  promise: "B7",
  rule: "a server opens only what it has issued, and issues each id once",
  *judge(facts) {
    const given = new Map<string, number>();
    for (const visit of facts.history.visits) {
      const { id, plan, sent, seen, given: token } = visit;
      if (plan.carries.is === "invented" && sent !== undefined && !facts.givenBy.has(sent)) {
        if (seen?.handle === handleIn(sent)) yield `request ${id} opens a session with an invented id`;
      }
      if (token === undefined || facts.history.plan.settings.legacy) continue;
      const before = given.get(token);
      if (before !== undefined) yield `requests ${before} and ${id} are given the same id`;
      if (token === sent) yield `request ${id} is given the id that it came with`;
      given.set(token, id);
    }
  },
};
