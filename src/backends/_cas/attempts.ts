import { pause } from "../_sqlite/busy.ts";

const ATTEMPTS = 100;

/**
 * Calls `attempt` until it answers something, with a short random pause in between: somebody else's write came first.
 * Throws if that happens a hundred times in a row, which takes about two seconds.
 */
export async function untilDone<R>(what: string, attempt: () => Promise<R | undefined>): Promise<R> {
  for (let number = 0; number < ATTEMPTS; number++) {
    const result = await attempt();
    if (result !== undefined) return result;
    await pause(Math.random() * Math.min(2 ** number, 32));
  }
  throw new Error(`${what}: others changed it between each read and write`);
}
