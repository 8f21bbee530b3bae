import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { SessionBackend } from "micropie";
import { moveByCommand, moveHalf } from "./move-command.ts";
import { type CrowdFigures, MoveCrowd } from "./move-crowd.ts";
import { MoveFleet } from "./move-fleet.ts";
import { openStore, type StoreSpec } from "./stores.ts";

/** How much happens in a round. */
export interface MovePlan {
  readonly processes: number;
  /** Sessions that nobody uses. */
  readonly sleepers: number;
  /** Requests a second. */
  readonly rate: number;
  /** How often the command is killed; processes of the application are killed as long as it runs, besides at each deploy. */
  readonly kills: number;
  /** Whether they turn around half way: then all sessions are in the first store again in the end. */
  readonly turnsBack?: boolean;
}

/** What came of a round. */
export interface MoveFigures extends CrowdFigures {
  /** How many sessions were judged to be live, and to have ended, at its end. */
  live: number;
  ended: number;
  /** Acknowledged increments of those who are live. */
  increments: number;
  /** How often processes of the application were killed, and the command while it moved. */
  processKills: number;
  moverKills: number;
}

/**
 * Moves the sessions of an application, that is used all the time, from each of these stores to the next as the docs say: three
 * deploys, and the command. Processes of both are killed. Throws if a user was logged out, something that had ended is back, a write
 * was lost, or anything is left in the source.
 */
export async function moveRound(way: readonly StoreSpec[], plan: MovePlan): Promise<MoveFigures> {
  const crowd = new MoveCrowd();
  const sum: MoveFigures = {
    ...crowd.figures,
    live: 0,
    ended: 0,
    increments: 0,
    processKills: 0,
    moverKills: 0,
  };
  for (const [n, to] of way.slice(1).entries()) {
    const from = way[n]!;
    const [source, target] = [await openStore(from), await openStore(to)];
    try {
      // Makes the table, which the command would not do.
      await target.backend.read("AAAAAAAAAAAAAAAA");
      if (n === 0) await crowd.putToSleep(source.backend, plan.sleepers);
      const places = { from, to, source: source.backend, target: target.backend };
      const kills = await moveCrowd(crowd, places, plan);
      sum.processKills += kills.processes;
      sum.moverKills += kills.mover;
      const [full, empty] = plan.turnsBack ? [source, target] : [target, source];
      Object.assign(sum, await crowd.judge(full.backend, empty.backend));
      assert.deepEqual(await allIn(empty.backend), [], "the source is not empty");
    } finally {
      for (const store of [source, target]) {
        await store.backend.close();
        await store.close();
      }
    }
  }
  return { ...sum, ...crowd.figures, increments: crowd.increments };
}

interface Places {
  readonly from: StoreSpec;
  readonly to: StoreSpec;
  readonly source: SessionBackend;
  readonly target: SessionBackend;
}

async function moveCrowd(
  crowd: MoveCrowd,
  { from, to, source, target }: Places,
  { processes, rate, kills, turnsBack = false }: MovePlan,
): Promise<{ processes: number; mover: number }> {
  const fleet = await MoveFleet.start(from, to, processes);
  try {
    crowd.begin(fleet, rate);
    await fleet.deploy("finds");
    crowd.check();
    await fleet.deploy("moves");
    crowd.check();
    if (turnsBack) {
      await struck(fleet, () => moveHalf({ from, to }, source));
      crowd.check();
      fleet.turnAround();
      await fleet.deploy("finds");
      crowd.check();
      await fleet.deploy("moves");
      crowd.check();
    }
    const [way, rest] = turnsBack ? [{ from: to, to: from }, target] : [{ from, to }, source];
    const moved = await struck(fleet, () => moveByCommand(way, rest, kills));
    assert.equal(moved.left, 0, "--verify says that sessions are left");
    crowd.check();
    await fleet.deploy("target");
    await crowd.rest();
    return { processes: fleet.kills, mover: moved.kills };
  } finally {
    await fleet.stop();
  }
}

/** Processes of the application are killed as long as `work` lasts. */
async function struck<T>(fleet: MoveFleet, work: () => Promise<T>): Promise<T> {
  let isOver = false;
  const strike = async (): Promise<void> => {
    while (!isOver) {
      await fleet.strike();
      await pause(500 + Math.random() * 1000);
    }
  };
  const doing = work().finally(() => {
    isOver = true;
  });
  const [done] = await Promise.all([doing, strike()]);
  return done;
}

async function allIn(backend: SessionBackend): Promise<readonly string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await backend.scan({ cursor, limit: 500 });
    found.push(...page.sessions.map(({ handle }) => handle));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}
