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
  const section = (page: string) =>
    /<!-- compare:begin[^>]*-->([\s\S]*?)<!-- compare:end/.exec(read(page))![1]!;
  const table = (page: string) =>
    /(?:^\|.*\n)+/m
      .exec(section(page))![0]
      .trim()
      .split("\n")
      .map((line) =>
        line
          .slice(1, -1)
          .split("|")
          .map((cell) => cell.trim()),
      );

  test("has the marks of docs/compare.md, and is the only table", () => {
    const marks = table("docs/compare.md").map((row, at) =>
      row.slice(1).map((cell) => (at < 2 ? cell : (/^(✓|\*\*✗\*\*|~)/.exec(cell)?.[0] ?? ""))),
    );
    expect(table("README.md").map((row) => row.slice(1))).toEqual(marks);
    expect(readme.match(/^\| ?-/gm)).toHaveLength(1);
    expect(
      NUMBERS.indexOf(/library does in (\w+) difficult situations/.exec(read("docs/compare.md"))![1]!),
    ).toBe(marks.length - 2);
  });

  test("has the words of the probes", () => {
    const probes = files("bench/compare/probes/*.js").map(read).join("\n");
    const promises = Array.from(probes.matchAll(/^ {2}promise: "([^"]+)",$/gm), ([, promise]) => promise);
    expect(
      sorted(
        table("README.md")
          .slice(2)
          .map(([promise]) => promise),
      ),
    ).toEqual(sorted(promises));
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
