/**
 * What `npm run model` checks: each promise, and over how much. `model` is the file in this folder; `define` are switches of it; `means`
 * stands in docs/model.md.
 */
export const PROPERTIES = [
  {
    name: "C1",
    model: "session",
    define: ["C1"],
    means: "a key that a request has stored is there, unless one that has seen it removes it",
  },
  {
    name: "C2",
    model: "session",
    define: ["C2"],
    means: "the number is how many increments took effect",
  },
  {
    name: "C3",
    model: "session",
    define: ["C3"],
    means: "a session that was logged out, emptied, revoked or has expired is never live again",
  },
  {
    name: "C4",
    model: "session",
    define: ["C4"],
    means:
      "of rotations of one secret one takes effect; whoever reads finds secret, rights and user of the same moment",
  },
  {
    name: "C5",
    model: "session",
    define: ["C5"],
    means:
      "no id from before a change of rights opens anything, no write begun before it takes effect, only the current id changes rights, and no id opens anything after its grace",
  },
  {
    name: "C6",
    model: "session",
    define: ["C6"],
    means:
      "no cookie for a session that others have ended, and none for an id from before a sign-in within the grace",
  },
  {
    name: "C7",
    model: "session",
    define: ["C7"],
    means:
      "one request at a time is in its exclusive part, a late write of a holder is refused, and a lock is free once its time is over",
  },
  {
    name: "U1",
    model: "users",
    define: [],
    means:
      "after a revocation of all, nothing that was signed in before it is left; whatever is signed in is in the user’s list",
  },
  {
    name: "U2",
    model: "watch",
    define: [],
    means:
      "who watches is told within a second where nothing fails, and within the lease otherwise; where nothing fails, only what has ended is told of",
  },
];

/**
 * How much of each model is looked at, all of it without a gap. `processes`, `requests` and `time` say so in docs/model.md; `whole`: merges
 * no states (spec/merge.pml). `together`: all promises of the model at once. `isLong`: only with --long, because it takes many minutes.
 */
const RUNS = {
  session: [
    { processes: 3, requests: "one each", time: "3 ticks", define: ["N=3", "ATTEMPTS=1", "TICKS=3"] },
    {
      ...{ together: true, whole: true, define: ["N=2", "TICKS=3", "WHOLE"] },
      ...{ processes: 2, requests: "two each", time: "3 ticks" },
    },
    {
      ...{ together: true, define: ["N=3", "TICKS=2"] },
      ...{ processes: 3, requests: "two each", time: "2 ticks" },
    },
    {
      ...{ together: true, isLong: true, define: ["N=4", "ATTEMPTS=1", "TICKS=2"] },
      ...{ processes: 4, requests: "one each", time: "2 ticks" },
    },
    {
      ...{ together: true, isLong: true, define: ["N=3", "TICKS=3"] },
      ...{ processes: 3, requests: "two each", time: "3 ticks" },
    },
  ],
  users: [
    { processes: 2, requests: "three each", time: "4 ticks", define: ["N=2", "ATTEMPTS=3", "TICKS=4"] },
    { processes: 3, requests: "two each", time: "3 ticks", define: ["N=3", "TICKS=3"] },
    { processes: 4, requests: "one each", time: "3 ticks", define: ["N=4", "ATTEMPTS=1", "TICKS=3"] },
    { processes: 4, requests: "two each", time: "3 ticks", define: ["N=4", "TICKS=3"], isLong: true },
  ],
  watch: [
    { processes: 4, requests: "one each", time: "any; the lease is 2 s", define: ["N=3", "LEASE=8"] },
    {
      processes: 4,
      requests: "one each",
      time: "any; the lease is 5 s; at most two failures",
      define: ["N=3", "LEASE=20", "FAILURES=2"],
    },
    {
      processes: 4,
      requests: "one each",
      time: "any; the lease is 5 s",
      define: ["N=3", "LEASE=20"],
      isLong: true,
    },
  ],
};

/** What is run: promises, and one of these. `name` tells it from all others. */
export const CHECKS = Object.keys(RUNS).flatMap((model) => {
  const properties = PROPERTIES.filter((property) => property.model === model);
  const of = (promise, define) => (run) => ({
    ...run,
    name: [promise, ...run.define].join(" "),
    promise,
    model,
    define: [...define, ...run.define],
  });
  const each = properties.flatMap(({ name, define }) =>
    RUNS[model].filter(({ together }) => !together).map(of(name, define)),
  );
  const all = properties.flatMap(({ define }) => define);
  const names = properties.map(({ name }) => name);
  const together = RUNS[model].filter((run) => run.together).map(of(`${names[0]} to ${names.at(-1)}`, all));
  return [...each, ...together];
});

/** What --quick looks at: all promises of sessions at once, and little of the others. */
export const QUICK = [
  {
    name: "C1 to C7, 3 processes",
    model: "session",
    define: ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "N=3", "ATTEMPTS=1", "TICKS=2"],
  },
  { name: "U1, 2 processes", model: "users", define: ["N=2"] },
  { name: "U2, 3 processes", model: "watch", define: ["N=2", "FAILURES=2"] },
];
