import { type Environment, sleep } from "../environment.ts";

/** If others write this often between a read and a write, the store does not do what it says. */
const ATTEMPTS = 200;
/** Seconds. */
const LONGEST = 0.128;

/**
 * Calls `attempt` until it returns something, with a short random pause after each time that somebody else's write came
 * first. Throws after 200 attempts.
 */
export async function untilDone<R>(
  environment: Environment,
  what: string,
  attempt: () => Promise<R | undefined>,
): Promise<R> {
  for (let number = 0; number < ATTEMPTS; number++) {
    const result = await attempt();
    if (result !== undefined) return result;
    // At random, because those that collide here would only collide again.
    await sleep(environment, environment.random() * Math.min(2 ** number / 1000, LONGEST));
  }
  throw new Error(`${what}: others changed it between each read and write`);
}
