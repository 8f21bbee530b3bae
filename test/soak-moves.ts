/**
 * `npm run soak:moves`: an application of three processes moves its sessions from Redis to PostgreSQL and back, half of that way and
 * back, and from SQLite to Redis, under 200 requests a second with sign-ins, logouts, revocations and counters, while its processes and those of
 * `micropie sessions move` are killed. Ten rounds of each. Exits with 1 at the first thing that does not hold.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { ensureDist } from "./_command.ts";
import { type MoveFigures, moveRound } from "./processes/move-round.ts";
import type { StoreSpec } from "./processes/stores.ts";
import { startPostgres } from "./servers/postgres.ts";
import { startRedis } from "./servers/redis.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "10" },
    rate: { type: "string", default: "200" },
    sleepers: { type: "string", default: "2000" },
    kills: { type: "string", default: "4" },
  },
});
const [rounds, rate, sleepers, kills] = (["rounds", "rate", "sleepers", "kills"] as const).map((name) =>
  Number(values[name]),
) as [number, number, number, number];
if (![rounds, rate, sleepers, kills].every((number) => Number.isInteger(number) && number >= 0)) {
  console.error("--rounds, --rate, --sleepers and --kills take whole numbers");
  process.exit(2);
}

ensureDist();
const folder = mkdtempSync(join(tmpdir(), "micropie-soak-moves-"));
const [redisServer, postgresServer] = [await startRedis(), await startPostgres()];
const stores = {
  redis: (n: number): StoreSpec => ({ kind: "redis", url: redisServer.url, prefix: `soak${n}:` }),
  postgres: (n: number): StoreSpec => ({ kind: "postgres", url: postgresServer.url, table: `soak_${n}` }),
  sqlite: (n: number): StoreSpec => ({ kind: "sqlite", path: join(folder, `${n}.sqlite`) }),
};
type Name = keyof typeof stores;

/** Each session goes all of its way. */
const WAYS: Record<string, readonly Name[]> = {
  "redis-postgres": ["redis", "postgres", "redis"],
  "turn-around": ["redis", "postgres"],
  "sqlite-redis": ["sqlite", "redis"],
};

/** Adds up what the rounds have counted; of what is slow, the slowest counts. */
function add(sum: MoveFigures | undefined, one: MoveFigures): MoveFigures {
  if (sum === undefined) return { ...one };
  for (const name of Object.keys(one) as (keyof MoveFigures)[])
    sum[name] = name === "slowest" ? Math.max(sum[name], one[name]) : sum[name] + one[name];
  return sum;
}

let place = 0;
async function soak(name: string): Promise<void> {
  const began = performance.now();
  let sum: MoveFigures | undefined;
  for (let round = 1; round <= rounds; round++) {
    place += 1;
    const way = WAYS[name]!.map((store) => stores[store](place));
    const turnsBack = name === "turn-around";
    sum = add(sum, await moveRound(way, { processes: 3, sleepers, rate, kills, turnsBack }));
    tell(name, round, began, sum);
  }
}

function tell(name: string, round: number, began: number, sum: MoveFigures): void {
  const { requests, unanswered, unavailable, signIns, live, ended, increments, slowest } = sum;
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(
    `${WAYS[name]!.join(" to ")}${name === "turn-around" ? ", half of the way, and back" : ""}: ${round} rounds in ${seconds} s, ${requests} requests, ${signIns} sign-ins, ${increments} increments.
  ${sum.processKills} processes and ${sum.moverKills} runs of the command killed.
  ${live} sessions live and whole, ${ended} ended and gone, 0 left in a source.
  ${unanswered} requests cut off, ${unavailable} answered with 503, the slowest after ${Math.round(slowest)} ms.`,
  );
}

try {
  const wanted = values.only?.split(",") ?? Object.keys(WAYS);
  for (const name of wanted) {
    if (WAYS[name] === undefined) {
      console.error(`--only ${name}: there is ${Object.keys(WAYS).join(", ")}`);
      process.exitCode = 2;
    } else await soak(name);
  }
} finally {
  await Promise.all([redisServer.stop(), postgresServer.stop()]);
  rmSync(folder, { recursive: true });
}
// Clients that lost their server may still be waiting to reconnect.
process.exit();
