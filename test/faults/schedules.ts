import { setTimeout as pause } from "node:timers/promises";
import { createSessions, info, login, type Sessions } from "micropie";
import { GatedBackend } from "micropie/testing";
import { openStore, type StoreSpec } from "../processes/stores.ts";
import { type FaultProxy, startProxy } from "../servers/proxy.ts";

/** Seconds. The default of the option `watchLease`. */
const LEASE = 5;
/** Seconds by which an end may be late on top of the lease. */
const MARGIN = 1;
/** The longest that a fault lasts from which everything has to recover: the lease, less what the last word and the next one take. */
const SHORT = 2.5;

/** What the network does to a watcher, and what becomes of that by itself. */
const FAULTS: Record<string, (proxy: FaultProxy, random: () => number) => void> = {
  none: () => {},
  "cut once": (proxy) => proxy.reset({ once: true }),
  "cut for a while": (proxy) => proxy.reset(),
  "black hole": (proxy) => proxy.blackHole(),
  "requests lost": (proxy) => proxy.blackHole("requests"),
  "replies lost": (proxy) => proxy.blackHole("replies"),
  "half open": (proxy) => proxy.halfOpen(),
  slow: (proxy, random) => proxy.latency(random() * 400),
};

/** Where schedules take place. */
export interface Stage {
  /** The server, and how to reach it at another port. */
  readonly server: { readonly host: string; readonly port: number };
  at(port: number): StoreSpec;
  /** Sessions on the same store that no fault reaches. */
  readonly elsewhere: Sessions;
  /** How many milliseconds this process was late for its own timers, as far as that makes everything late. */
  lag(): number;
}

/** One watcher behind a network that fails at a random moment, while sessions end elsewhere; throws what does not hold. */
export async function schedule({ server, at, elsewhere, lag }: Stage, random: () => number): Promise<string> {
  const proxy = await startProxy(server);
  const store = await openStore(at(proxy.port));
  const backend = new GatedBackend(store.backend);
  const sessions = createSessions({ backend });
  const names = Object.keys(FAULTS);
  const fault = names[Math.floor(random() * names.length)]!;
  const isLong = fault !== "none" && fault !== "slow" && fault !== "cut once" && random() < 0.1;
  const duration = isLong ? LEASE + 2 : random() * SHORT;
  const told = new Map<string, { reason: string; at: number }>();
  const ended = new Map<string, number>();
  const now = (): number => performance.now() / 1000;
  try {
    const handles: string[] = [];
    for (let n = 0; n < 4; n++) {
      const session = await elsewhere.load();
      login(session, `user ${random()}`);
      await elsewhere.commit(session);
      handles.push(info(session).handle!);
    }
    for (const handle of handles)
      sessions.watch({ handle }, ({ reason }) => {
        if (told.has(handle)) throw new Error("An end was told twice.");
        told.set(handle, { reason, at: now() });
      });
    await pause(random() * 2000);
    // On a busy machine, the first connection takes its time.
    while (backend.count("standings") === 0) await pause(20);
    await backend.settled();
    const begin = now();
    FAULTS[fault]!(proxy, random);
    const [early, late] = handles;
    const ending = [
      [early!, random() * duration],
      [late!, random() * (duration + 1)],
    ].map(async ([handle, after]) => {
      await pause((after as number) * 1000);
      await elsewhere.revoke({ handle: handle as string });
      ended.set(handle as string, now());
    });
    await pause(duration * 1000);
    const end = now();
    proxy.heal();
    await Promise.all(ending);
    const limit = Math.max(...ended.values(), begin) + LEASE + MARGIN + lag() / 1000;
    while (ended.size > [...ended.keys()].filter((handle) => told.has(handle)).length && now() < limit + 2)
      await pause(20);
    // What lives must not end after the fault either.
    await pause(500);
    for (const [handle, since] of ended) {
      const heard = told.get(handle);
      if (heard === undefined) throw new Error(`${fault}, ${duration} s: an end was never told.`);
      if (heard.at - since > LEASE + MARGIN + lag() / 1000)
        throw new Error(`${fault}, ${duration} s: an end was told after ${heard.at - since} s.`);
    }
    for (const handle of handles.slice(2)) {
      // How soon a client finds out that its connection is dead is its own affair.
      if (isLong && fault === "half open") break;
      const heard = told.get(handle);
      if (isLong) {
        if (
          heard === undefined ||
          heard.reason !== "unreachable" ||
          heard.at - begin > LEASE + MARGIN + lag() / 1000
        )
          throw new Error(
            `${fault}, ${duration} s: a watch went on without word from the store: ${heard?.reason} after ${(heard?.at ?? 0) - begin} s.`,
          );
      } else if (heard !== undefined)
        throw new Error(
          `${fault}, ${duration} s: a session that lives was ended: ${heard.reason} after ${heard.at - begin} s, healed after ${end - begin} s.`,
        );
    }
    return fault;
  } finally {
    await sessions.close();
    await store.close();
    await proxy.stop();
  }
}

/** Runs so many schedules, some at once. Returns how many there were of each fault; throws the first failure. */
export async function schedules(
  stage: Stage,
  count: number,
  atOnce: number,
  randomOf: (n: number) => () => number,
): Promise<Map<string, number>> {
  const done = new Map<string, number>();
  const failed: unknown[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count && failed.length === 0) {
      try {
        const fault = await schedule(stage, randomOf(next++));
        done.set(fault, (done.get(fault) ?? 0) + 1);
      } catch (error) {
        failed.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  if (failed.length > 0) throw failed[0];
  return done;
}
