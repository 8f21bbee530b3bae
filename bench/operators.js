/**
 * `npm run bench:operators`: what an operator's questions cost in a store with a million sessions, and what they do to requests that
 * are served meanwhile. See README.md.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { createSessions, login } from "micropie";
import { machine } from "./lib/machine.js";
import { writeReport } from "./operators/report.js";
import { openStore, SERVERS } from "./operators/stores.js";

const { values: options } = parseArgs({
  options: {
    count: { type: "string", default: "1000000" },
    only: { type: "string" },
    rate: { type: "string", default: "500" },
    quick: { type: "boolean", default: false },
  },
});
const count = options.quick ? 5000 : Number(options.count);
const rate = Number(options.rate);
const SECONDS = options.quick ? 2 : 20;
const LANES = 64;
/** How many sessions are ended at once. */
const ENDED = Math.min(100_000, count / 10);

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Makes the sessions, every third one somebody's; returns the cookies of some of them. */
async function fill(sessions) {
  const cookies = [];
  let next = 0;
  const lane = async () => {
    for (let n = next++; n < count; n = next++) {
      const session = await sessions.load(undefined);
      Object.assign(session, { visits: n, name: `Somebody Number ${n}`, locale: "en-US", theme: "dark" });
      if (n % 3 === 0) login(session, `user-${n % 1000 === 0 ? "many" : n}`);
      const line = await sessions.commit(session);
      // Of those that nobody ends.
      if (n % 10 !== 1 && cookies.length < 20_000) cookies.push(line.split(";", 1)[0]);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return cookies;
}

/** Milliseconds: the median and the longest of some runs. */
async function timed(times, work) {
  const took = [];
  for (let n = 0; n < times; n++) {
    const begun = performance.now();
    await work();
    took.push(performance.now() - begun);
  }
  took.sort((one, other) => one - other);
  return { median: took[Math.floor(times / 2)], most: took.at(-1) };
}

function at(took, share) {
  return took[Math.min(took.length - 1, Math.floor(took.length * share))];
}

/** Serves requests in another thread. */
async function serve(name, url, cookies) {
  const worker = new Worker(new URL("./operators/requests.js", import.meta.url), {
    workerData: { name, url, cookies, rate },
  });
  const answer = () =>
    new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  await answer();
  return {
    async take() {
      worker.postMessage("take");
      const { took, failed } = await answer();
      return {
        requests: took.length,
        failed,
        mean: took.reduce((sum, each) => sum + each, 0) / took.length,
        median: at(took, 0.5),
        p99: at(took, 0.99),
      };
    },
    stop() {
      worker.postMessage("stop");
      return new Promise((resolve) => worker.once("exit", resolve));
    },
  };
}

/** Lists all sessions; also how long the event loop of this process was held at most, in milliseconds. */
async function listAll(sessions) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const begun = performance.now();
  let seen = 0;
  for await (const _ of sessions.list()) seen += 1;
  const seconds = (performance.now() - begun) / 1000;
  delay.disable();
  return { seen, seconds, held: delay.max / 1e6 };
}

async function measure(name) {
  const server = await SERVERS[name]();
  try {
    const { backend, close } = await openStore(name, server.url);
    const sessions = createSessions({ backend });
    console.error(`${name}: making ${count} sessions`);
    const cookies = await fill(sessions);
    const first = await timed(21, () => sessions.list().page({ limit: 50 }));
    const signedIn = await timed(21, () => sessions.list({ signedIn: true }).page({ limit: 50 }));
    const user = await timed(21, () => sessions.list({ userId: "user-many" }).page({ limit: 50 }));
    const counting = await timed(11, () => sessions.count());
    const counted = await sessions.count();
    const alone = await listAll(sessions);
    console.error(`${name}: ${rate} requests a second beside it`);
    const requests = await serve(name, server.url, cookies);
    await sleep(3);
    await requests.take();
    await sleep(SECONDS);
    const before = await requests.take();
    const beside = await listAll(sessions);
    const during = await requests.take();
    await sleep(SECONDS);
    const after = await requests.take();
    await requests.stop();
    console.error(`${name}: ending ${ENDED} sessions`);
    const begun = performance.now();
    let ended = 0;
    for await (const page of pages(sessions, ({ data }) => data.visits % 10 === 1)) {
      ended += await sessions.revoke(page.slice(0, ENDED - ended));
      if (ended >= ENDED) break;
    }
    const ending = { ended, seconds: (performance.now() - begun) / 1000 };
    await sessions.close();
    await close();
    return {
      name,
      count,
      first,
      signedIn,
      user,
      counting,
      counted,
      alone,
      beside,
      before,
      during,
      after,
      ending,
    };
  } finally {
    await server.stop();
  }
}

/** Pages of those of all sessions that are meant. */
async function* pages(sessions, isMeant) {
  for (let cursor, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const page = await sessions.list().page({ cursor, limit: 1000 });
    yield page.sessions.filter(isMeant);
    cursor = page.cursor;
  }
}

const results = [];
for (const name of Object.keys(SERVERS))
  if (options.only === undefined || options.only === name) results.push(await measure(name));
const result = { machine: machine(), taken: new Date().toISOString().slice(0, 10), rate, results };
if (!options.quick) {
  mkdirSync(new URL("./results/", import.meta.url), { recursive: true });
  writeFileSync(new URL("./results/operators.json", import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
  if (options.only === undefined) writeReport(result);
}
console.log(JSON.stringify(result, null, 2));
