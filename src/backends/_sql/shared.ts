import type { Environment } from "../../environment.ts";

/** Seconds after which another call starts the work anew, because the answer may never come. */
const PATIENCE = 5;

/** Runs `work` once at a time: all callers that wait for it at the same time get the same promise. */
export function shared(
  owner: { readonly environment: Environment },
  work: () => Promise<void>,
): () => Promise<void> {
  let current: Promise<void> | undefined;
  return () => {
    if (current !== undefined) return current;
    const forget = (): void => {
      cancel();
      if (current === begun) current = undefined;
    };
    const cancel = owner.environment.timer(PATIENCE, forget, true);
    const begun = work().finally(forget);
    current = begun;
    return begun;
  };
}
