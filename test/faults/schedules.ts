import { setTimeout as pause } from "node:timers/promises";
import { login, type Sessions } from "micropie";
import { Child } from "../processes/child.ts";
import { cookieOf, handleOf } from "../processes/rounds.ts";
import type { StoreSpec } from "../processes/stores.ts";
import type { FaultProxy } from "../servers/proxy.ts";
import type { WatchedSession, Watcher } from "./watchers.ts";

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
  // A new connection takes six times as long, both ways, and has to be there before the lease runs out.
  slow: (proxy, random) => proxy.latency(random() * 200),
};

/** What happens to a process: that which watches, or that which ends a session, which is killed in the middle of it. */
const KILLED = ["watcher killed", "ender killed"];

/** Where schedules take place. */
export interface Stage {
  /** Returns somebody who watches and whom no other schedule uses meanwhile. */
  watcher(): Promise<Watcher>;
  /** Sessions on the same store that no fault reaches, and where that is. */
  readonly elsewhere: Sessions;
  readonly spec: StoreSpec;
  /** How many milliseconds this process was late for its own timers, as far as that makes everything late. */
  lag(): number;
}

/** One watcher behind a network that fails at a random moment, while sessions end elsewhere; throws what does not hold. */
export async function schedule(stage: Stage, random: () => number): Promise<string> {
  const { elsewhere, lag } = stage;
  const watcher = await stage.watcher();
  const names = [...Object.keys(FAULTS), ...(watcher.kill === undefined ? [] : KILLED)];
  const fault = names[Math.floor(random() * names.length)]!;
  const isNetwork = fault !== "none" && fault !== "slow" && fault !== "cut once" && !KILLED.includes(fault);
  const isLong = isNetwork && random() < 0.1;
  const duration = isLong ? LEASE + 2 : random() * SHORT;
  const told = new Map<string, { reason: string; at: number }>();
  const ended = new Map<string, number>();
  const now = (): number => performance.now() / 1000;
  const failed = (what: string): Error => new Error(`${fault}, ${duration} s: ${what}`);
  try {
    const all: WatchedSession[] = [];
    for (let n = 0; n < 4; n++) {
      const session = await elsewhere.load();
      login(session, `user ${random()}`);
      const cookie = cookieOf(await elsewhere.commit(session));
      all.push({ cookie, handle: handleOf(cookie) });
    }
    let isTwice = false;
    await watcher.watch(all, (handle, reason) => {
      isTwice ||= told.has(handle);
      told.set(handle, { reason, at: now() });
    });
    await pause(random() * 2000);
    await watcher.asked();
    const begin = now();
    FAULTS[fault]?.(watcher.proxy, random);
    if (fault === "watcher killed") await watcher.kill!();
    const [early, late] = all;
    const ending = [
      { session: early!, after: random() * duration, isKilled: fault === "ender killed" },
      { session: late!, after: random() * (duration + 1), isKilled: false },
    ].map(async ({ session, after, isKilled }) => {
      await pause(after * 1000);
      if (isKilled) await endAndDie(stage.spec, session, random() * 6);
      await elsewhere.revoke({ handle: session.handle });
      ended.set(session.handle, now());
    });
    await pause(duration * 1000);
    const end = now();
    watcher.proxy.heal();
    await Promise.all(ending);
    const limit = Math.max(...ended.values(), begin) + LEASE + MARGIN + lag() / 1000;
    while (ended.size > [...ended.keys()].filter((handle) => told.has(handle)).length && now() < limit + 2)
      await pause(20);
    // What lives must not end after the fault either.
    await pause(500);
    if (isTwice) throw failed("an end was told twice.");
    for (const [handle, since] of ended) {
      const heard = told.get(handle);
      if (heard === undefined) throw failed("an end was never told.");
      if (heard.at - since > LEASE + MARGIN + lag() / 1000)
        throw failed(`an end was told after ${heard.at - since} s.`);
    }
    for (const { handle } of all.slice(2)) {
      // How soon a client finds out that its connection is dead is its own affair.
      if (isLong && fault === "half open") break;
      const heard = told.get(handle);
      if (fault === "watcher killed") {
        if (heard === undefined) throw failed("a socket is open whose process was killed.");
      } else if (isLong) {
        const isInTime = heard !== undefined && heard.at - begin <= LEASE + MARGIN + lag() / 1000;
        if (!isInTime || heard.reason !== "unreachable")
          throw failed(
            `a watch went on without word from the store: ${heard?.reason} after ${(heard?.at ?? 0) - begin} s.`,
          );
      } else if (heard !== undefined)
        throw failed(
          `a session that lives was ended: ${heard.reason} after ${heard.at - begin} s, healed after ${end - begin} s.`,
        );
    }
    return fault;
  } finally {
    watcher.proxy.heal();
    await watcher.close();
  }
}

/** Ends a session in another process, which is killed so many milliseconds after it was told to. */
async function endAndDie(spec: StoreSpec, { cookie }: WatchedSession, after: number): Promise<void> {
  const [doomed] = await Child.start(spec, 1);
  doomed!.run("end", cookie, 1).catch(() => {});
  await pause(after);
  await doomed!.kill();
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
