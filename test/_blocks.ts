import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root: string = fileURLToPath(new URL("..", import.meta.url));
export const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** A code block of a page. */
export interface Block {
  /** The file that it is said to be a part of. */
  readonly from: string | undefined;
  readonly code: string;
}

export function blocksOf(page: string): Block[] {
  const blocks = read(page).matchAll(/(?:<!-- from (\S+) -->\s*)?```ts\n([\s\S]*?)```/g);
  return Array.from(blocks, ([, from, code]) => ({ from, code: code! }));
}

/**
 * Writes the blocks of these pages into `folder`, each as a module, and returns what the compiler says of them. Those that
 * are parts of a file are left out.
 */
export async function compileBlocks(
  folder: string,
  pages: readonly string[],
  context = "",
  include: readonly string[] = [],
): Promise<string> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "context.d.ts"), context);
  for (const page of pages) {
    blocksOf(page).forEach(({ from, code }, index) => {
      const name = page.replace(/\W+/g, "-");
      if (from === undefined) writeFileSync(join(folder, `${name}-${index + 1}.ts`), `${code}\nexport {};\n`);
    });
  }
  const compilerOptions = {
    noUnusedLocals: false,
    noImplicitOverride: false,
  };
  const fromFolder = (path: string) => relative(folder, join(root, path));
  const config = {
    extends: fromFolder("tsconfig.json"),
    compilerOptions,
    include: [".", ...include.map(fromFolder)],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules/.bin/tsc");
  const run = promisify(execFile)(process.execPath, [tsc, "-p", folder], { cwd: root });
  return run.then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
}
