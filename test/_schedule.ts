import type fc from "fast-check";
import { createSessions, login, type SessionBackend, type Sessions } from "micropie";
import { virtualEnvironment } from "micropie/testing";
import { withHeldCalls } from "./_held-calls.ts";
import { stores, userBackendWithClock } from "./testing/stores.ts";

export type Data = Record<string, unknown>;

/** Every call of the store waits until the schedule lets it go on. */
function scheduled(backend: SessionBackend, schedule: fc.Scheduler): SessionBackend {
  return withHeldCalls(backend, async ({ verb, run }) => {
    await schedule.schedule(Promise.resolve(), verb);
    return run();
  });
}

/** One store, in a schedule of its own. */
export interface Place {
  readonly backend: SessionBackend;
  /** A new server on the same store, whose calls are scheduled. */
  server(): Sessions<Data>;
  /** The cookie of a session that holds this. */
  visit(data: Data, userId?: string): Promise<string>;
  /** A server whose calls are not scheduled, for looking at the result. */
  quiet(): Sessions<Data>;
  /** What a cookie stands for, in the end. */
  read(cookie: string): Promise<Data>;
  all<T>(work: readonly Promise<T>[]): Promise<T[]>;
}

/** The stores; the calls of the last one's own two methods are scheduled too, from the moment they are asked to be. */
export const places: Record<string, (delay: () => Promise<void>) => SessionBackend> = {
  memory: () => stores.memory!(virtualEnvironment().now),
  SQLite: () => stores.SQLite!(virtualEnvironment().now),
  "two methods": (delay) => userBackendWithClock(virtualEnvironment().now, delay),
};

/** Plays in a fresh place, and takes it down. */
export async function run(
  name: string,
  schedule: fc.Scheduler,
  play: (place: Place) => Promise<void>,
): Promise<void> {
  let begun = false;
  const backend = places[name]!(async () => {
    if (begun) await schedule.schedule(Promise.resolve(), "store");
  });
  const quiet = createSessions<Data>({ backend });
  const place: Place = {
    backend,
    server: () => createSessions<Data>({ backend: scheduled(backend, schedule) }),
    quiet() {
      begun = false;
      return quiet;
    },
    async visit(data, userId) {
      const session = await quiet.load(undefined);
      Object.assign(session, data);
      if (userId !== undefined) login(session, userId);
      return cookieOf(await quiet.commit(session))!;
    },
    async read(cookie) {
      begun = false;
      return { ...(await quiet.load(cookie)) };
    },
    all(work) {
      begun = true;
      return schedule.waitFor(Promise.all(work));
    },
  };
  await play(place);
  await backend.close();
}

export const cookieOf = (line: string | undefined): string | undefined => line?.split(";", 1)[0];
export const handleOf = (cookie: string): string => cookie.split("=")[1]!.slice(0, 16);
