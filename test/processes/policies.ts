/** What the option `onLimit` of sign-ins is, by the number that a task has. Child processes import this too. */
export const POLICIES = ["end-oldest", "end-idlest", "refuse"] as const;

/** How many sessions a user may have. */
export const MOST = 3;
