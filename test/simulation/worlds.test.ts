import { InMemorySessionBackend } from "micropie";
import type { PatchResult, SessionPatch } from "micropie/backends/backend";
import { JUDGES } from "micropie/testing/_simulation/judges/all";
import { simulate } from "micropie/testing/simulation";
import { describe, expect, test } from "vitest";
import { BlobBackend, ForgetfulCache, UpsertBackend } from "../testing/wrong-backends.ts";
import { keptWorlds } from "./kept.ts";
import { myStore } from "./own-backend.ts";
import { judgeTable, written } from "./page.ts";
import { problemOf } from "./plant.ts";
import { PLANTS } from "./plants.ts";
import { playPiece, replay } from "./player.ts";
import { KINDS } from "./stores.ts";
import { Thread } from "./thread.ts";

/** How many worlds; `WORLDS=100000` for a night. */
const WORLDS = Number(process.env.WORLDS ?? 2000);

test(`every promise holds in ${WORLDS} worlds`, async () => {
  const { worlds, requests, broken } = await playPiece({
    from: 1,
    count: WORLDS,
    store: undefined,
    isOver: false,
  });
  expect(broken).toEqual([]);
  expect(worlds).toBe(WORLDS);
  expect(requests).toBeGreaterThan(10 * WORLDS);
});

describe("a world follows from its number", () => {
  test.each(Object.keys(KINDS))(
    "%s: the same numbers give the same trace, others another one",
    async (store) => {
      const play = async (from: number): Promise<string> =>
        (await playPiece({ from, count: 20, store, isOver: false })).trace;
      const first = await play(100);
      expect(await play(100)).toBe(first);
      expect(await play(101)).not.toBe(first);
    },
  );

  test("a world that is played again tells the same story", async () => {
    const { story } = await replay(7, "cas", false);
    expect((await replay(7, "cas", false)).story).toBe(story);
    expect(story).toMatch(/^World 7: \d servers, \d clients/);
    expect(story).toMatch(/\nTrace [\w-]{22}\.$/);
  });
});

describe("simulate", () => {
  test("plays worlds on a back-end of your own", async () => {
    const played = await simulate(() => new InMemorySessionBackend(), { worlds: 50, seed: 3 });
    expect(played.worlds).toBe(50);
    expect(await simulate(() => new InMemorySessionBackend(), { worlds: 50, seed: 3 })).toEqual(played);
  });

  test("plays on a store whose steps are calls of a place", async () => {
    expect((await simulate(myStore, { worlds: 50, ownClock: false })).worlds).toBe(50);
  });

  test("plays on two methods, on one server", async () => {
    const rows = new Map<string, Record<string, unknown>>();
    const { worlds } = await simulate(
      () => {
        rows.clear();
        return {
          load: (id) => structuredClone(rows.get(id)),
          save: (id, data, timeout) => {
            if (timeout <= 0 || Object.keys(data).length === 0) rows.delete(id);
            else rows.set(id, structuredClone(data));
          },
        };
      },
      { worlds: 50, servers: 1 },
    );
    expect(worlds).toBe(50);
  });

  test("refuses an option that it does not know", async () => {
    const options = { world: 1 } as never;
    await expect(simulate(() => new InMemorySessionBackend(), options)).rejects.toThrow(
      /^world: Unknown option/,
    );
  });

  /** Wrong on purpose: what is expired or ended is there again. */
  class RevivingBackend extends InMemorySessionBackend {
    override patch(handle: string, patch: SessionPatch): PatchResult {
      const result = super.patch(handle, patch);
      return result === "ended" ? "ok" : result;
    }
  }

  const wrong = {
    "where the last one wins": ["C1", () => new BlobBackend()],
    "that brings ended sessions back": ["C3", () => new UpsertBackend()],
    "that says that it has stored what it has not": ["C3", () => new RevivingBackend()],
    "that remembers what others have changed": ["C3", () => new ForgetfulCache(new InMemorySessionBackend())],
  } as const;

  test.each(Object.entries(wrong))("tells the story of a back-end %s", async (_, [promise, create]) => {
    const error = (await simulate(create, { worlds: 2000 }).catch((thrown: unknown) => thrown)) as Error;
    expect(error.name).toBe("AssertionError");
    const lines = error.message.split("\n");
    expect(lines[0]).toMatch(/^World \d+: /);
    expect(lines.slice(1, -2).every((line) => /^(\d+\.\d{4} s: |[A-Z]\d+ does not hold)/.test(line))).toBe(
      true,
    );
    expect(error.message).toMatch(/\n[A-Z]\d+ does not hold \(.+\): .+\.\n/);
    expect(promise).toMatch(/^C/);
    expect(lines.length).toBeLessThan(120);
  });
});

describe("a fault that the library had", () => {
  const worlds = keptWorlds();

  test("the worlds in which they were found are kept", () => {
    expect(worlds.length).toBeGreaterThanOrEqual(3);
  });

  test.each(worlds)("$fault: its world holds now, and is broken with it", async ({ fault, ...kept }) => {
    const piece = { from: kept.plan.seed, count: 1, store: kept.store, isOver: true, plan: kept.plan };
    expect((await playPiece(piece)).broken).toEqual([]);
    const thread = new Thread(PLANTS.find(({ name }) => name === fault)!);
    const { broken } = await thread.play(piece);
    await thread.stop();
    expect(broken.map(({ promise }) => promise)).toEqual([kept.promise]);
  });
});

test("each planted fault is in the source, once", () => {
  expect(PLANTS.length).toBeGreaterThanOrEqual(25);
  expect(PLANTS.flatMap((plant) => problemOf(plant) ?? [])).toEqual([]);
});

test("docs/simulation.md has every judge", () => {
  const rows = (lines: readonly string[]) =>
    lines.map((line) =>
      line
        .split("|")
        .map((cell) => cell.trim())
        .join("|"),
    );
  expect(rows(written("judges").split("\n"))).toEqual(rows(judgeTable()));
});

test("docs/simulation.md has every planted fault, and each is noticed within 10,000 worlds", () => {
  const rows = written("plants").split("\n").slice(2);
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));
  expect(cells.map(([, name]) => name)).toEqual(PLANTS.map(({ name }) => name));
  for (const [, name, , , worlds, promise] of cells) {
    expect(Number(worlds), name).toBeLessThanOrEqual(10_000);
    expect(promise, name).toMatch(/^[A-Z]\d+$/);
  }
});

test("every judge has a promise and a rule of its own", () => {
  const rules = JUDGES.map(({ rule }) => rule);
  expect(new Set(rules).size).toBe(rules.length);
});
