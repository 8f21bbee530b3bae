import { writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import supertest from "supertest";
import { beforeAll, describe, expect, test } from "vitest";
import { blocksOf, compileBlocks, read, root } from "./_blocks.ts";
import { files, manifest, NUMBERS, readme, sorted } from "./_claims.ts";

const folder = join(root, ".tmp/readme");
const blocks = blocksOf("README.md")
  .filter(({ language }) => language === "ts")
  .map(({ code }, index) => {
    const on = /from "(express|fastify|hono)"/.exec(code)?.[1] ?? "App";
    return { on, code, file: join(folder, `${on}-${index}.ts`) };
  });

/** What a block makes: an App or a Hono application, a Fastify one, or a listener. */
type Made =
  | { fetch(request: Request): Response | Promise<Response> }
  | { inject(options: object): Promise<{ body: string; headers: { "set-cookie"?: string | string[] } }> }
  | RequestListener;

let compiled: string;
beforeAll(async () => {
  compiled = await compileBlocks(folder, ["README.md"]);
});

test("the README shows App and three frameworks", () => {
  expect(blocks.map(({ on }) => on)).toEqual(["App", "express", "fastify", "hono"]);
});

test("its programs compile as they stand, without a cast or a type argument", () => {
  expect(compiled).toBe("");
  for (const { code } of blocks) expect(code).not.toMatch(/\bas \w|<\w/);
});

describe("its programs count visits:", () => {
  test.each(blocks)("$on", async ({ code, file }) => {
    writeFileSync(file, /^export default/m.test(code) ? code : `${code}\nexport default app;\n`);
    const { default: made } = (await import(pathToFileURL(file).href)) as { default: Made };
    const first = await visit(made);
    expect(first.text).toBe("You have visited 1 times.");
    const second = await visit(made, first.setCookie!.split(";")[0]);
    expect(second).toEqual({ text: "You have visited 2 times.", setCookie: undefined });
  });
});

async function visit(made: Made, cookie?: string): Promise<{ text: string; setCookie: string | undefined }> {
  // A browser returns a Secure cookie to localhost; of any other client, a warning says that it may not.
  const headers = { "user-agent": "Mozilla/5.0", ...(cookie === undefined ? {} : { cookie }) };
  if ("inject" in made) {
    const answer = await made.inject({ url: "/", headers });
    return { text: answer.body, setCookie: [answer.headers["set-cookie"]].flat()[0] };
  }
  if ("fetch" in made) {
    const answer = await made.fetch(new Request("http://localhost/", { headers }));
    return { text: await answer.text(), setCookie: answer.headers.getSetCookie()[0] };
  }
  const answer = await supertest(made).get("/").set(headers);
  return { text: answer.text, setCookie: answer.headers["set-cookie"]?.[0] };
}

describe("the README's table", () => {
  const { probes, contenders } = JSON.parse(read("bench/compare/results.json")) as {
    probes: { promise: string }[];
    contenders: { kind: string }[];
  };
  const rows = /<!-- compare:begin[^>]*-->([\s\S]*?)<!-- compare:end/
    .exec(readme)![1]!
    .match(/^\| [a-z].*$/gm)!;

  test("is the only one, and has rows of the comparison, in its words", () => {
    expect(readme.match(/^\| ?-/gm)).toHaveLength(1);
    const promises = rows.map((row) => row.split("|")[1]!.trim());
    expect(probes.map(({ promise }) => promise)).toEqual(expect.arrayContaining(promises));
  });

  test("is as large as the pages say", () => {
    const rivals = contenders.filter(({ kind }) => kind !== "micropie").length;
    expect(readme).toContain(`on ${rivals} set-ups of other libraries`);
    expect(readme).toMatch(new RegExp(`Of ${probes.length} rows,\\sthese are ${NUMBERS[rows.length]}:`));
    expect(read("docs/compare.md")).toContain("in twenty-one difficult situations");
    expect(probes).toHaveLength(21);
  });
});

test("every guarantee that SECURITY.md names is there", () => {
  const guarantees = read("docs/guarantees.md");
  const named = Array.from(read("SECURITY.md").matchAll(/\b[BCOSUR]\d+\b/g), ([name]) => name);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !guarantees.includes(`- **${name}** `))).toEqual([]);
});

test("every command that the pages of the root name is a script", () => {
  const named = files("*.md").flatMap((page) =>
    Array.from(read(page).matchAll(/npm (?:run )?(start|test\b(?!:)|(?<=run )[\w:]+)/g), ([, name]) => name!),
  );
  expect(sorted(named).filter((name) => !(name in manifest.scripts))).toEqual([]);
  expect(named).toEqual(expect.arrayContaining(["start", "test", "compare", "check"]));
});

test("the README is a screen and a half, and says what is packed with it", () => {
  expect(readme.trimEnd().split("\n").length).toBeLessThanOrEqual(120);
  expect(manifest.files).toEqual(["dist", "CHANGELOG.md"]);
  expect(readme).toContain("the npm package has this page, the changes, the license and the code");
});
