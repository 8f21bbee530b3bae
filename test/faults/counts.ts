import assert from "node:assert/strict";
import { createSessions } from "micropie";
import { counter, linearize, type Operation } from "../_linearizable.ts";
import { Child } from "../processes/child.ts";
import type { Count } from "../processes/history.ts";
import { openStore, type StoreSpec } from "../processes/stores.ts";
import { type FaultProxy, startProxy } from "../servers/proxy.ts";
import type { Breakable } from "./cases.ts";

const PROCESSES = 4;
/** Seconds that they count before it is looked whether enough was felt and answered. */
const SECONDS = 3;
/** Seconds that a call may take here: many give up and never know. */
const DEADLINE = 0.25;

const FAULTS: readonly ((proxy: FaultProxy) => void)[] = [
  (proxy) => proxy.latency(150 + Math.random() * 300),
  (proxy) => proxy.reset(),
  (proxy) => proxy.blackHole("replies"),
  (proxy) => proxy.halfOpen(),
  (proxy) => proxy.cutReply(Math.floor(Math.random() * 40)),
];

/**
 * Four processes, each behind a proxy of its own, count in one session while the proxies break. What they say of it must
 * be what one counter would have answered, and the store must hold what that counter holds.
 */
export async function countsUnderFaults(server: Breakable, at: (port: number) => StoreSpec): Promise<void> {
  const store = await openStore(at(server.port));
  const sessions = createSessions<{ visits: number }>({ backend: store.backend });
  const session = await sessions.load(undefined);
  session.visits = 0;
  const cookie = (await sessions.commit(session))!.split(";", 1)[0]!;
  const proxies = await Promise.all(
    Array.from({ length: PROCESSES }, () => startProxy({ host: "127.0.0.1", port: server.port })),
  );
  const children = (
    await Promise.all(proxies.map(({ port }) => Child.start(at(port), 1, { backendTimeout: DEADLINE })))
  ).flat();
  let running = true;
  const breakOften = async (proxy: FaultProxy): Promise<void> => {
    while (running) {
      await pause(100 + Math.random() * 400);
      FAULTS[Math.floor(Math.random() * FAULTS.length)]!(proxy);
      await pause(100 + Math.random() * 400);
      proxy.heal();
    }
  };
  const breaking = proxies.map(breakOften);
  try {
    const counts: Count[] = [];
    let known: Count[] = [];
    // On a busy machine few of them come in time, and on a fast one few meet a fault.
    while (known.length < 20 || known.length === counts.length) {
      const told = children.map((child) => child.run("history", cookie, SECONDS) as Promise<Count[]>);
      counts.push(...(await Promise.all(told)).flat());
      known = counts.filter(({ value }) => value !== null);
    }
    assert.ok(linearize(counts.map(operationOf), counter), "no order of these counts is that of one counter");
    // What is stored is a read at the end, as if somebody counted once more.
    const visits = Number((await sessions.load(cookie)).visits);
    const highest = Math.max(...known.map(({ value }) => value!));
    assert.ok(visits >= highest, `${visits} visits are stored after ${highest} were answered`);
    assert.ok(visits <= counts.length, `${visits} visits are stored of ${counts.length} that were asked for`);
  } finally {
    running = false;
    await Promise.all(breaking);
    await Promise.all(children.map((child) => child.kill()));
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await sessions.close();
    await store.close();
  }
}

function operationOf({ began, ended, value }: Count): Operation<"increment", number> {
  if (value === null) return { call: "increment", invoked: began };
  return { call: "increment", invoked: began, outcome: { completed: ended, result: value } };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
