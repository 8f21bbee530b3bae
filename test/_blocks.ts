import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root: string = fileURLToPath(new URL("..", import.meta.url));
export const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** A code block of a page. */
export interface Block {
  /** As the fence names it: `ts`, `sh`; empty if it does not. */
  readonly language: string;
  /** The line of the page on which it begins. */
  readonly line: number;
  /** Without the line that says what it is a part of. */
  readonly code: string;
  /** The file of this repository that it is a part of: `// part of examples/login.ts`. */
  readonly partOf: string | undefined;
  /** The file of the reader's project that it is the whole of: `// server.ts`. */
  readonly file: string | undefined;
}

/** Returns the code blocks of a page, in its order; of those in a list, without the indent. */
export function blocksOf(page: string): Block[] {
  const text = read(page);
  return Array.from(text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm), (match) => {
    const [, indent = "", language = "", inside = ""] = match;
    const all = inside.replaceAll(new RegExp(`^${indent}`, "gm"), "");
    const [, said = "", rest = ""] = /^\/\/ (part of \S+|[\w./-]+\.\w+)\n([\s\S]*)$/.exec(all) ?? [];
    const isPart = said.startsWith("part of ");
    return {
      language,
      line: text.slice(0, match.index).split("\n").length,
      code: said === "" ? all : rest,
      partOf: isPart ? said.slice("part of ".length) : undefined,
      file: said !== "" && !isPart ? said : undefined,
    };
  });
}

/** The commands of a shell block, without what is only said to the reader. */
export function commandsOf(code: string): string[] {
  return code
    .split("\n")
    .map((line) => line.replace(/(^|\s+)#.*$/, ""))
    .filter((line) => line !== "");
}

/**
 * Writes the TypeScript of these pages into `folder`, and returns what the compiler says of it. Each block is a module
 * that has nothing but its own lines; one that declares something for all modules is a program of its own. Those that name
 * a file are left out.
 */
export async function compileBlocks(
  folder: string,
  pages: readonly string[],
  include: readonly string[] = [],
): Promise<string> {
  rmSync(folder, { recursive: true, force: true });
  const programs = new Set<string>();
  for (const page of pages) {
    for (const { language, code, line, partOf, file } of blocksOf(page)) {
      if (!isTypeScript(language) || partOf !== undefined || file !== undefined) continue;
      const name = `${page.replace(/\W+/g, "-")}-${line}`;
      const program = join(folder, /declare (?:module|global)/.test(code) ? name : "together");
      programs.add(program);
      mkdirSync(program, { recursive: true });
      writeFileSync(join(program, `${name}.${language}`), `${code}\nexport {};\n`);
    }
  }
  const said: string[] = [];
  for (const program of programs) {
    const fromProgram = (path: string) => relative(program, join(root, path));
    const config = {
      extends: fromProgram("tsconfig.json"),
      compilerOptions: { noUnusedLocals: false, noImplicitOverride: false },
      include: [".", ...include.map(fromProgram)],
    };
    writeFileSync(join(program, "tsconfig.json"), JSON.stringify(config));
    said.push(await compile(program));
  }
  return said.join("");
}

export function isTypeScript(language: string): boolean {
  return language === "ts" || language === "tsx";
}

async function compile(program: string): Promise<string> {
  const tsc = join(root, "node_modules/.bin/tsc");
  const run = promisify(execFile)(process.execPath, [tsc, "-p", program], { cwd: root });
  return run.then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
}
