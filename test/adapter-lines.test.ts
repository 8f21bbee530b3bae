import { describe, expect, test } from "vitest";
import { readSources, withoutComments } from "./_source.ts";

const sources = readSources();

/** Most lines of code of an adapter; of those with private files, alone and with these. Comments do not count. */
const LIMITS: Record<string, { readonly alone: number; readonly whole?: number }> = {
  express: { alone: 60, whole: 64 },
  fetch: { alone: 60 },
  hono: { alone: 72, whole: 106 },
  h3: { alone: 60, whole: 88 },
  node: { alone: 60 },
  elysia: { alone: 60, whole: 116 },
  next: { alone: 60, whole: 291 },
  koa: { alone: 98, whole: 108 },
  fastify: { alone: 94, whole: 110 },
  "react-router": { alone: 109 },
  sveltekit: { alone: 152, whole: 188 },
};

const adapters = sources.filter(({ room }) => room === "adapters");

function codeLines(files: readonly { readonly text: string }[]): number {
  const lines = files.flatMap(({ text }) => withoutComments(text).split("\n"));
  return lines.filter((line) => line.trim() !== "").length;
}

describe("an adapter is what its framework does differently:", () => {
  test("every adapter has a limit", () => {
    const named = adapters.filter(({ path }) => !path.includes("/_")).map(({ path }) => path.slice(9, -3));
    expect(named).toEqual(Object.keys(LIMITS).sort());
  });

  test.each(Object.entries(LIMITS))("%s is within its lines of code", (name, { alone, whole = alone }) => {
    const file = adapters.filter(({ path }) => path === `adapters/${name}.ts`);
    const own = adapters.filter(({ path }) => path.startsWith(`adapters/_${name}-`));
    expect(codeLines(file)).toBeLessThanOrEqual(alone);
    expect(codeLines([...file, ...own])).toBeLessThanOrEqual(whole);
  });

  test("adapters, visit and facades together have at most 5,180 lines, comments included", () => {
    const rooms = sources.filter(({ room }) => ["adapters", "visit", "facades"].includes(room));
    expect(rooms.reduce((sum, { text }) => sum + text.split("\n").length - 1, 0)).toBeLessThanOrEqual(5_180);
  });
});
