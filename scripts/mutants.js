/**
 * Faults that `npm run mutate` puts into the source one by one; some test must notice each. `find` must occur exactly
 * once in `file`. `tests` are the test files to run first, if given; they save time and change no result.
 */
export const MUTANTS = [
  {
    name: "a session lives on when its idle deadline is over",
    file: "src/core/expiry.ts",
    find: "record.now >= record.expiresAt || ",
    replace: "",
  },
  {
    name: "a response that sets the cookie may be stored and checked again",
    file: "src/core/response-headers.ts",
    find: ': "no-store";',
    replace: ': "no-cache";',
  },
  {
    name: "a change of rights does not stop a write begun before it",
    file: "src/backends/_record.ts",
    find: "record.epoch === patch.ifEpoch &&",
    replace: "",
    tests: ["test/backends/memory.test.ts"],
  },
];
