import { sleep } from "../environment.ts";
import { call } from "./call.ts";
import type { Lease } from "./lease.ts";
import { standInLine, waited } from "./line.ts";
import type { Engine } from "./live.ts";

/**
 * Takes a record for exclusive use: first among the requests of this process, in the order they came, then in the
 * store. Returns undefined if the session has ended. Throws StateError `lock_timeout` after `wait` seconds.
 */
export async function acquire(engine: Engine, handle: string, wait: number): Promise<Lease | undefined> {
  const { environment, options } = engine;
  let late = false;
  const cancel = environment.timer(wait, () => {
    late = true;
  });
  try {
    const leave = await standInLine(environment, engine.queues, handle, wait, () => waited(wait));
    try {
      for (;;) {
        const answer = await call(engine, "lock", handle, options.lock.ttl);
        if (typeof answer === "number") return hold(engine, handle, answer, leave);
        if (answer === "ended") {
          leave();
          return undefined;
        }
        if (late) throw waited(wait);
        await sleep(environment, 0.005 + environment.random() * 0.015);
      }
    } catch (error) {
      leave();
      throw error;
    }
  } finally {
    cancel();
  }
}

function hold(engine: Engine, handle: string, fence: number, leave: () => void): Lease {
  const { environment, options } = engine;
  const relock = async (seconds: number): Promise<void> => {
    try {
      await call(engine, "relock", handle, fence, seconds);
    } catch {
      // Published as an event; the lock then ends by itself, and the fence keeps late writes out.
    }
  };
  let cancel: () => void = () => {};
  const renew = (): void => {
    cancel = environment.timer(
      options.lock.ttl / 3,
      () => {
        renew();
        void relock(options.lock.ttl);
      },
      true,
    );
  };
  renew();
  let released = false;
  return {
    fence,
    lapse(): void {
      if (released) return;
      cancel();
      void relock(options.lock.ttl);
      cancel = environment.timer(options.lock.ttl, leave, true);
    },
    async release(): Promise<void> {
      if (released) return;
      released = true;
      cancel();
      await relock(0);
      leave();
    },
  };
}
