import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OpenStore, openStore, type StoreSpec } from "../processes/stores.ts";
import { type FaultProxy, startProxy } from "../servers/proxy.ts";
import { countsUnderFaults } from "./counts.ts";
import { type Site, startSite } from "./site.ts";
import { type Plan, traffic } from "./traffic.ts";

/** A server that the cases break. */
export interface Breakable {
  readonly port: number;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface Faulty {
  /** Starts a server of the cases' own; what it has acknowledged must survive `kill`. */
  start(): Promise<Breakable>;
  /** The store at this port, which is the server's or a proxy's. */
  at(port: number): StoreSpec;
}

/** Milliseconds within which the first request succeeds after the store is back, and what a busy machine may add. */
const RECOVERY = 2000;
const LAGS = 20;

/** The store as the cases need it: whole before each, through the proxy or directly. */
export function faultCases(title: string, { start, at }: Faulty): void {
  describe(title, () => {
    let server: Breakable;
    let proxy: FaultProxy;
    let store: OpenStore;
    let site: Site;

    beforeAll(async () => {
      server = await start();
      proxy = await startProxy({ host: "127.0.0.1", port: server.port });
      store = await openStore(at(proxy.port));
      site = await startSite(store.backend);
    });
    afterAll(async () => {
      await site?.close();
      await store?.close();
      await proxy?.stop();
      await server?.stop();
    });

    const short = { rate: 40, before: 0.3, during: 1.2, after: 1.5 };
    const faults: [string, (proxy: FaultProxy) => void][] = [
      ["answers later than the deadline", (it) => it.latency(1200)],
      ["resets every connection", (it) => it.reset()],
      ["swallows everything", (it) => it.blackHole()],
      ["is gone without a word", (it) => it.halfOpen()],
      ["breaks off in the middle of an answer", (it) => it.cutReply(9)],
    ];
    for (const [what, fault] of faults) {
      test(`a store that ${what}: no answer is late, nothing acknowledged is lost, and requests succeed again`, async () => {
        await hurt({ ...short, begin: () => fault(proxy), end: () => proxy.heal() });
      });
    }

    test("a store that is killed and started again: no answer is late, nothing acknowledged is lost, and requests succeed again", async () => {
      await hurt({ ...short, begin: () => server.kill(), end: () => server.restart() });
    });

    test("updates of one counter by four processes are linearizable, whatever happens between them and the store", async () => {
      await countsUnderFaults(server, at);
    });

    /** Runs the traffic, and checks that the fault was felt and that the site came back in time. */
    async function hurt(plan: Plan): Promise<void> {
      const { answers, recovery } = await traffic(site, plan);
      expect(answers.filter(({ status }) => status === 503).length).toBeGreaterThan(0);
      expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
      expect(recovery).toBeLessThan(RECOVERY + LAGS * site.lag());
    }
  });
}
