/** One measurement: load from autocannon, and what CPU time it cost the server. */
import assert from "node:assert/strict";
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import autocannon from "autocannon";
import { NONE_BODY } from "./child.js";
import { CONNECTIONS } from "./plan.js";

/** Until all connections are open and in step. */
const SETTLE_SECONDS = 0.3;

/** Busy µs of all CPUs so far, whoever used them. */
function machineBusy() {
  let busy = 0;
  for (const { times } of cpus()) busy += times.user + times.nice + times.sys + times.irq;
  return busy * 1000;
}

function ownCpu() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Each connection gets its share of the cookies and goes round it. */
function requestsOf(load, cookies, connection) {
  if (cookies.length === 0) return [{ method: "GET", path: load.path }];
  const own = cookies.filter((_, i) => i % CONNECTIONS === connection);
  const used = own.length > 0 ? own : [cookies[connection % cookies.length]];
  return used.map((cookie) => ({ method: "GET", path: load.path, headers: { cookie } }));
}

/**
 * Loads the server for `seconds` (after a moment in which the connections settle) and answers:
 * `us` CPU µs of the server process per request, `storeUs` of its store, `rate` requests per second, how much of its CPU the server and the
 * generator used, and what others used of the machine meanwhile (in CPUs).
 */
export async function measure(running, load, cookies, seconds) {
  let responses = 0;
  let connection = 0;
  const cannon = autocannon({
    url: `http://127.0.0.1:${running.port}${load.path}`,
    connections: CONNECTIONS,
    duration: 3600,
    sampleInt: 50,
    ...(load.path === "/none" && { expectBody: NONE_BODY }),
    setupClient: (client) => client.setRequests(requestsOf(load, cookies, connection++)),
  });
  cannon.on("response", () => {
    responses++;
  });
  await sleep(Math.min(SETTLE_SECONDS, seconds) * 1000);

  async function snapshot() {
    const { cpu } = await running.usage();
    const store = running.storeCpu();
    return { cpu, store, responses, time: performance.now() * 1000, own: ownCpu(), busy: machineBusy() };
  }
  const before = await snapshot();
  await sleep(seconds * 1000);
  const after = await snapshot();
  cannon.stop();
  const result = await cannon;

  assert.equal(
    result.errors + result.non2xx + result.mismatches,
    0,
    `wrong answers under load: ${load.name}`,
  );
  const time = after.time - before.time;
  const cpu = after.cpu - before.cpu;
  const requests = after.responses - before.responses;
  const own = after.own - before.own;
  const store = after.store - before.store;
  return {
    us: cpu / requests,
    storeUs: store / requests,
    rate: (requests / time) * 1e6,
    serverUse: cpu / time,
    generatorUse: own / time,
    others: Math.max(0, (after.busy - before.busy - cpu - own - store) / time),
  };
}
