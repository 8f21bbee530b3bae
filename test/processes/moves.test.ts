import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { ensureDist } from "../_command.ts";
import { onServer } from "../servers/on-server.ts";
import { type MoveFigures, type MovePlan, moveRound } from "./move-round.ts";
import type { StoreSpec } from "./stores.ts";

/** `npm run soak:moves` does ten such rounds of each, with more of everything, and rounds that go all the way there and back. */
const PLAN: MovePlan = { processes: 2, sleepers: 200, rate: 60, kills: 1 };

beforeAll(ensureDist);

/** Judged within the round; here, that enough has happened for that. */
function expectMuch({ live, ended, increments, processKills, moverKills }: MoveFigures): void {
  const least = { live: PLAN.sleepers / 2, ended: 10, increments: 50, processKills: 4, moverKills: 1 };
  for (const [name, count] of Object.entries({ live, ended, increments, processKills, moverKills }))
    expect(count, name).toBeGreaterThanOrEqual(least[name as keyof typeof least]);
}

await onServer("redis", ({ url }) => {
  const redis: StoreSpec = { kind: "redis", url, prefix: "moves:" };

  test("sessions move from SQLite to Redis while processes of the application and of the command are killed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "micropie-moves-"));
    try {
      const sqlite: StoreSpec = { kind: "sqlite", path: join(folder, "sessions.sqlite") };
      expectMuch(await moveRound([sqlite, redis], PLAN));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  return onServer("postgres", ({ url: postgresUrl }) => {
    test("and half way from Redis to PostgreSQL, where they turn around", async () => {
      const turned: StoreSpec = { kind: "redis", url, prefix: "moves-turned:" };
      const half: StoreSpec = { kind: "postgres", url: postgresUrl, table: "moves_turned" };
      expectMuch(await moveRound([turned, half], { ...PLAN, turnsBack: true }));
    });
  });
});
