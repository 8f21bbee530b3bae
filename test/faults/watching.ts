import { createSessions } from "micropie";
import { virtualEnvironment } from "micropie/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { watchLag } from "../_lag.ts";
import { type OpenStore, openStore, type StoreSpec } from "../processes/stores.ts";
import { schedules } from "./schedules.ts";
import { engineWatcher, SocketCrew } from "./watchers.ts";

/** A server of these cases' own, and how to reach it. */
export interface Watched {
  start(): Promise<{ readonly port: number; stop(): Promise<void> }>;
  at(port: number): StoreSpec;
}

/** How many schedules; `npm run soak:watch` and `npm run soak:sockets` run a thousand and some hundred. */
const COUNT = 24;
const OF_SOCKETS = 6;
/** How many engines watch at once, each with connections of its own. */
const AT_ONCE = 8;
/** Processes with a socket server. */
const PROCESSES = 10;

/** What must hold for what is watched while the network fails. */
export function watchCases(title: string, { start, at }: Watched): void {
  describe(`watching on ${title}`, () => {
    let server: Awaited<ReturnType<Watched["start"]>>;
    let store: OpenStore;
    const lag = watchLag();
    beforeAll(async () => {
      server = await start();
      store = await openStore(at(server.port));
    });
    afterAll(async () => {
      lag.stop();
      await store.close();
      await server.stop();
    });

    test(`${COUNT} random schedules: no watch outlives the end of its session by more than the lease and a second, none ends before`, async () => {
      const elsewhere = createSessions({ backend: store.backend });
      const reached = { server: { host: "127.0.0.1", port: server.port }, at };
      const watcher = () => engineWatcher(reached);
      const stage = { watcher, elsewhere, spec: at(server.port), lag: lag.most };
      const done = await schedules(stage, COUNT, AT_ONCE, (n) => virtualEnvironment({ seed: n + 1 }).random);
      expect([...done.values()].reduce((sum, count) => sum + count, 0)).toBe(COUNT);
    });

    test(`${OF_SOCKETS} random schedules with sockets: none outlives the end of its session by more than the lease and a second, none is closed before`, async () => {
      const elsewhere = createSessions({ backend: store.backend });
      const reached = { server: { host: "127.0.0.1", port: server.port }, at };
      const crew = await SocketCrew.start(reached, PROCESSES);
      try {
        const stage = { watcher: crew.take, elsewhere, spec: at(server.port), lag: lag.most };
        const done = await schedules(
          stage,
          OF_SOCKETS,
          PROCESSES,
          (n) => virtualEnvironment({ seed: n + 1 }).random,
        );
        expect([...done.values()].reduce((sum, count) => sum + count, 0)).toBe(OF_SOCKETS);
      } finally {
        await crew.stop();
      }
    });
  });
}
