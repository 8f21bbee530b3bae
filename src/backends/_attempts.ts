/** More often than this, others got in between only if the store does not do what it says. */
const ATTEMPTS = 200;
/** Milliseconds. */
const LONGEST = 128;

/**
 * Calls `attempt` until it answers something, with a short random pause in between: somebody else's write came first,
 * and those who meet here would only meet again. Throws if that goes on for hundreds of times.
 */
export async function untilDone<R>(what: string, attempt: () => Promise<R | undefined>): Promise<R> {
  for (let number = 0; number < ATTEMPTS; number++) {
    const result = await attempt();
    if (result !== undefined) return result;
    await pause(Math.random() * Math.min(2 ** number, LONGEST));
  }
  throw new Error(`${what}: others changed it between each read and write`);
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
