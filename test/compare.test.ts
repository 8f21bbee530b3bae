import { beforeAll, describe, expect, test, vi } from "vitest";

/** What `npm run compare` finds about us, on the packages of the root: docs/compare.md must stay true. */
interface Contender {
  /** Rows that it fails, with the reason beside. */
  except?: string[];
}
interface Outcome {
  pass: boolean | undefined;
  fact: string;
  error?: string;
}
interface Contenders {
  OURS: string[];
  contender(file: string): Promise<Contender>;
}
interface Run {
  runProbes(contender: Contender): Promise<Record<string, Outcome>>;
}

const bench = async <T>(file: string): Promise<T> =>
  import(new URL(`../bench/compare/${file}`, import.meta.url).href);
const { OURS, contender } = await bench<Contenders>("contenders.js");
const { runProbes } = await bench<Run>("run.js");

// What the probes make go wrong is logged.
beforeAll(() => void vi.spyOn(console, "error").mockReturnValue());

async function passes(file: string): Promise<void> {
  const ours = await contender(file);
  const failed = Object.entries(await runProbes(ours)).filter(([, { pass }]) => pass !== true);
  expect(failed.filter(([probe]) => !ours.except?.includes(probe))).toEqual([]);
  expect(failed.map(([probe]) => probe)).toEqual(ours.except ?? []);
}

// @hono/node-server replaces Request and Response for all, so nobody else runs meanwhile.
test("micropie passes the comparison on hono", () => passes("hono"));

describe.concurrent("micropie passes the comparison on", () => {
  test.each(OURS.filter((file) => file !== "hono"))("%s", passes);
});
