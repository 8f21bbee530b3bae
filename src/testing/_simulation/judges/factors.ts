import type { Judge } from "./judge.ts";

/** U5: nobody has proved what they have not. */
export const factors: Judge = {
  promise: "U5",
  rule: "a session has the factors that its user has proved since the last sign-in, and no others",
  *judge(facts) {
    for (const handle of facts.handles) {
      const turns = facts.turns(handle);
      for (const { id, begun, seen } of facts.found(handle)) {
        const { at, by, userId } = seen!;
        const may = (does: string): boolean => turns.some((turn) => turn.does === does && turn.begun <= at);
        if (userId !== undefined && !facts.users.get(handle)?.has(userId))
          yield `request ${id} finds ${userId} signed in, who never was`;
        if (by.includes("password") && !may("login"))
          yield `request ${id} finds a password proved, and nobody had signed in`;
        if (!by.includes("totp")) continue;
        const login = turns.findLast(({ does, isSure, over }) => does === "login" && isSure && over < begun);
        const since = turns.some(
          ({ does, begun: from, over }) =>
            does === "elevate" && from <= at && (login === undefined || over >= login.begun),
        );
        if (!since && !facts.isLost(0, at)) yield `request ${id} finds a factor proved that was not`;
      }
    }
  },
};
