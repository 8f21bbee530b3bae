import { beforeAll, describe, expect, test, vi } from "vitest";
import { read } from "./_blocks.ts";

/** What `npm run compare` finds about us, and about the others that the root has packages of: docs/compare.md must stay true. */
interface Contender {
  /** Rows that it fails, with the reason beside. */
  except?: string[];
}
interface Outcome {
  pass: boolean | undefined;
  fact: string;
  byHand?: string;
  error?: string;
}
interface Entry {
  id: string;
  kind: string;
  outcomes: Record<string, { result: string; fact: string; why?: string; link?: string }>;
}
interface Results {
  probes: { name: string; promise: string; rule: string }[];
  contenders: Entry[];
}

const bench = async <T>(file: string): Promise<T> =>
  import(new URL(`../bench/compare/${file}`, import.meta.url).href);
const { FILES, OURS, HEADLINES, contender } = await bench<{
  FILES: string[];
  OURS: string[];
  HEADLINES: { contenders: string[]; probes: string[] };
  contender(file: string): Promise<Contender>;
}>("contenders.js");
const { runProbes } = await bench<{ runProbes(one: Contender): Promise<Record<string, Outcome>> }>("run.js");
const { faultsOf, readResults } = await bench<{
  faultsOf(results: Results): string[];
  readResults(): Results;
}>("results.js");
const { pagesOf, sectionsOf } = await bench<{
  pagesOf(results: Results): Record<string, string>;
  sectionsOf(results: Results): Record<string, string>;
}>("pages.js");
const { PROBES } = await bench<{ PROBES: Results["probes"] }>("probes.js");

const results = readResults();

// What the probes make go wrong is logged.
beforeAll(() => void vi.spyOn(console, "error").mockReturnValue());

async function passes(name: string): Promise<void> {
  const ours = await contender(name);
  const failed = Object.entries(await runProbes(ours)).filter(([, { pass }]) => pass !== true);
  const expected = [...(ours.except ?? [])].sort();
  expect(failed.filter(([probe]) => !expected.includes(probe))).toEqual([]);
  expect(failed.map(([probe]) => probe).sort()).toEqual(expected);
}

const RESULTS = { true: "holds", false: "fails", undefined: "not applicable" };

/** The others whose packages the root has in the versions of bench/compare. */
async function doesAsPublished(name: string): Promise<void> {
  const found = Object.entries(await runProbes(await contender(name))).map(
    ([probe, { pass, fact, byHand }]) => [
      probe,
      { result: byHand === undefined ? RESULTS[`${pass}`] : "by hand", fact },
    ],
  );
  const { outcomes } = results.contenders.find(({ id }) => id === name)!;
  const published = Object.entries(outcomes).map(([probe, { result, fact }]) => [probe, { result, fact }]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(published));
}

describe.concurrent("micropie passes the comparison on", () => {
  test.each(OURS.filter((name) => name !== "hono"))("%s", passes);
});

describe.concurrent("what is published is what it does:", () => {
  test.each(["express-session", "fastify-session", "koa-session", "iron-session", "h3-session"])(
    "%s",
    doesAsPublished,
  );
});

// @hono/node-server replaces Request and Response for all, so nobody else runs meanwhile or later:
// h3 does not know errors of ours then.
test("micropie passes the comparison on hono", () => passes("hono"));
test("hono-sessions does what is published", () => doesAsPublished("hono-sessions"));

describe("results.json", () => {
  test("is as its schema says, with an outcome, a reason and a link for every row of every contender", () => {
    expect(faultsOf(results)).toEqual([]);
    expect(results.contenders.map(({ id }) => id)).toEqual(FILES);
    expect(results.contenders.filter(({ kind }) => kind !== "micropie").length).toBeGreaterThanOrEqual(14);
  });

  test("has the probes that there are", () => {
    expect(results.probes).toEqual(PROBES.map(({ name, promise, rule }) => ({ name, promise, rule })));
  });

  test.each([
    ["a result that is none", (entry: Entry) => Object.assign(entry.outcomes["a Date"]!, { result: "good" })],
    ["no reason", (entry: Entry) => void delete entry.outcomes["a Date"]!.why],
    ["no link", (entry: Entry) => void delete entry.outcomes["a Date"]!.link],
    ["a row less", (entry: Entry) => void delete entry.outcomes["a Date"]],
    [
      "a call that is not named",
      (entry: Entry) => Object.assign(entry.outcomes["a Date"]!, { result: "by hand" }),
    ],
  ])("is refused with %s", (_, spoil) => {
    const copy = structuredClone(results);
    spoil(copy.contenders[0]!);
    expect(faultsOf(copy)).not.toEqual([]);
  });

  test.each(Object.entries(pagesOf(results)))("makes docs/%s", (path, text) => {
    expect(read(`docs/${path}`)).toBe(text);
  });

  test.each(Object.entries(sectionsOf(results)))("makes the tables of docs/%s.md", (path, text) => {
    const [, written] = /<!-- compare:begin[^>]*-->([\s\S]*?)<!-- compare:end/.exec(read(`docs/${path}.md`))!;
    expect(written!.trim()).toBe(text);
  });

  test("gives the README rows and columns that there are", () => {
    expect(FILES).toEqual(expect.arrayContaining(HEADLINES.contenders));
    expect(PROBES.map(({ name }) => name)).toEqual(expect.arrayContaining(HEADLINES.probes));
  });
});

describe("the lock file of the comparison", () => {
  const lock = read("bench/compare/package-lock.json");

  test("names no registry", () => {
    expect(lock.match(/"resolved": ".*"/g)).toEqual(['"resolved": "../.."']);
  });

  test("has every package that another needs, or npm ci refuses it", () => {
    interface Locked {
      dependencies?: Record<string, string>;
      optionalDependencies?: Record<string, string>;
    }
    const { packages } = JSON.parse(lock) as { packages: Record<string, Locked> };
    const there = new Set(Object.keys(packages).map((path) => path.split("node_modules/").at(-1)));
    const needed = Object.entries(packages)
      .filter(([path]) => path !== "../..")
      .flatMap(([, { dependencies, optionalDependencies }]) =>
        Object.keys({ ...dependencies, ...optionalDependencies }),
      );
    expect(needed.length).toBeGreaterThan(1000);
    expect([...new Set(needed)].filter((name) => !there.has(name))).toEqual([]);
  });
});
