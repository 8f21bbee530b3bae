import { createSessions, type Sessions } from "micropie";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { watchLag } from "../_lag.ts";
import { onServer } from "../servers/on-server.ts";
import { SERVERS } from "../sockets/_servers.ts";
import type { Data } from "../sockets/_talk.ts";
import { PATIENT } from "./child.ts";
import { SocketFleet } from "./socket-fleet.ts";
import { type OpenStore, openStore, type StoreSpec } from "./stores.ts";

/** How many sessions end; `npm run soak:sockets` ends a thousand. */
const ENDS = 24;

/** How much more a machine may add where its processes have to wait for each other. */
const LAGS = 20;

function socketCases(spec: StoreSpec): void {
  let store: OpenStore;
  let sessions: Sessions<Data>;
  let fleet: SocketFleet;
  const lag = watchLag();
  beforeAll(async () => {
    store = await openStore(spec);
    sessions = createSessions<Data>({ backend: store.backend, ...PATIENT });
    fleet = await SocketFleet.start(spec, sessions);
  });
  afterAll(async () => {
    lag.stop();
    await fleet?.stop();
    await sessions?.close();
    await store?.close();
  });

  describe.each(SERVERS)("$name in four processes", (server) => {
    let ports: number[];
    beforeAll(async () => {
      ports = await fleet.serve(server);
    });

    test(`sockets of ${ENDS} sessions that end in one process close in all four, within a second, and nothing is pushed to them after that`, async () => {
      const { late, pushed, pushedLate } = await fleet.endRound(server, ports, ENDS, {
        lag: () => LAGS * lag.most(),
      });
      expect(late).toHaveLength(ENDS * 4);
      // A second, on a machine that does nothing else.
      expect(late.at(-1)).toBeLessThan(1000 + LAGS * lag.most());
      expect(pushed).toBeGreaterThanOrEqual(ENDS * 4);
      expect(pushedLate).toBe(0);
    });

    test("200 messages at once that each update a counter count 200", async () => {
      expect(await fleet.countRound(server, ports)).toBe(200);
    });

    test("a logout in another process, in the middle of a message, never comes back", async () => {
      const { data, record, received, how } = await fleet.logoutRound(server, ports);
      expect(data).toEqual({});
      expect(record).toBeUndefined();
      expect(received).toEqual([]);
      expect(how).toBe(server.client === "ws" ? "4401 logged_out" : "io server disconnect");
    });
  });
}

await onServer("redis", ({ url }) => socketCases({ kind: "redis", url, prefix: "sockets:" }));
await onServer("postgres", ({ url }) => socketCases({ kind: "postgres", url, table: "sockets" }));
