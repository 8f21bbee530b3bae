import { Problem } from "../problem.ts";

/** Returns the error for a handle without a live session, with exit code 3. */
export function noSuch(handle: string): Problem {
  return new Problem(
    `no live session has the handle ${handle}. What became of it: micropie sessions explain ${handle}`,
    3,
  );
}
