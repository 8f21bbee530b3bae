import { sleep } from "../environment.ts";
import { call, type Engine } from "./engine.ts";
import { standInLine, waited } from "./line.ts";

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
  const { backend, options, environment } = engine;
  const until = environment.now() + wait;
  const leave = await standInLine(engine.queues, handle, wait, () => waited(wait), environment);
  try {
    for (;;) {
      const answer = await call(engine, "lock", () => backend.lock(handle, options.lockTtl));
      if (typeof answer === "number") return hold(engine, handle, answer, leave);
      if (answer === "ended") {
        leave();
        return undefined;
      }
      if (environment.now() >= until) throw waited(wait);
      await sleep(
        environment,
        Math.min(0.005 + environment.random() * 0.015, Math.max(0.001, until - environment.now())),
      );
    }
  } catch (error) {
    leave();
    throw error;
  }
}

function hold(engine: Engine, handle: string, fence: number, leave: () => void): Lease {
  const { backend, options, environment } = engine;
  const relock = async (seconds: number): Promise<void> => {
    try {
      await call(engine, "relock", () => backend.relock(handle, fence, seconds));
    } catch {
      // Published as an event; the lock then ends by itself, and the fence keeps late writes out.
    }
  };
  let cancel = (): void => {};
  const renew = (): void => {
    const again = (): void => {
      renew();
      void relock(options.lockTtl);
    };
    cancel = environment.timer(options.lockTtl / 3, again, true);
  };
  let released = false;
  renew();
  return {
    fence,
    async release(): Promise<void> {
      if (released) return;
      released = true;
      cancel();
      await relock(0);
      leave();
    },
  };
}
