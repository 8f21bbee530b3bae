import { call, type Engine } from "./engine.ts";
import { delayOf, sleep, standInLine, waited } from "./line.ts";

/** Exclusive use of one session, renewed until it is released. */
export interface Lease {
  /** What `patch` takes as `ifFence`: a later holder has a higher one, and then nothing of this holder's is stored. */
  readonly fence: number;
  release(): Promise<void>;
}

/**
 * Takes a record for exclusive use: first among the requests of this process, in the order they came, then in the
 * store. Answers undefined if the session has ended. Throws StateError `lock_timeout` after `wait` seconds.
 */
export async function acquire(engine: Engine, handle: string, wait: number): Promise<Lease | undefined> {
  const { backend, options } = engine;
  const until = performance.now() + wait * 1000;
  const leave = await standInLine(engine.queues, handle, wait, () => waited(wait));
  try {
    for (;;) {
      const answer = await call(engine, "lock", () => backend.lock(handle, options.lockTtl));
      if (typeof answer === "number") return hold(engine, handle, answer, leave);
      if (answer === "ended") {
        leave();
        return undefined;
      }
      if (performance.now() >= until) throw waited(wait);
      await sleep(Math.min(5 + Math.random() * 15, Math.max(1, until - performance.now())));
    }
  } catch (error) {
    leave();
    throw error;
  }
}

function hold(engine: Engine, handle: string, fence: number, leave: () => void): Lease {
  const { backend, options } = engine;
  const relock = async (seconds: number): Promise<void> => {
    try {
      await call(engine, "relock", () => backend.relock(handle, fence, seconds));
    } catch {
      // Published as an event; the lock then ends by itself, and the fence keeps late writes out.
    }
  };
  const renewal = setInterval(() => void relock(options.lockTtl), delayOf(options.lockTtl / 3));
  renewal.unref?.();
  let released = false;
  return {
    fence,
    async release(): Promise<void> {
      if (released) return;
      released = true;
      clearInterval(renewal);
      await relock(0);
      leave();
    },
  };
}
