import { execFile } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { ensureDist, environment, root } from "../_command.ts";

/** Both packages as they are published, and the projects that the second writes. */
export interface Projects {
  readonly folder: string;
  /** The packed micropie. */
  readonly micropie: string;
  /** The command that npm made of the packed create-micropie. */
  readonly command: string;
  /** Writes a project into a folder of its own; answers where. */
  write(framework: string, store: string): Promise<string>;
  remove(): void;
}

/** Packs both and installs the second. The folder is in the repository, so that projects find its packages. */
export async function openProjects(): Promise<Projects> {
  ensureDist();
  mkdirSync(join(root, ".tmp"), { recursive: true });
  const folder = mkdtempSync(join(root, ".tmp", "created-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  await run(root, "npm", ["pack", "--ignore-scripts", "--pack-destination", folder]);
  await run(join(root, "create"), "npm", ["pack", "--pack-destination", folder]);
  const packed = (name: string) => join(folder, globSync(`${name}-[0-9]*.tgz`, { cwd: folder })[0]!);
  const micropie = packed("micropie");
  const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  await run(folder, "npm", ["install", ...options, micropie, packed("create-micropie")]);
  const command = join(folder, "node_modules/.bin/create-micropie");
  return {
    folder,
    micropie,
    command,
    remove,
    async write(framework, store) {
      const name = `${framework}-${store}`;
      await run(folder, command, [name, "-f", framework, "-s", store, "--micropie", micropie]);
      return join(folder, name);
    },
  };
}

/** Runs a command; answers all that it printed. Rejects with that if it fails. */
export async function run(
  cwd: string,
  command: string,
  args: readonly string[],
  variables: Record<string, string> = {},
): Promise<string> {
  const { NODE_ENV: _, ...rest } = environment();
  // The runner's own, which npm hands on, would make node:test report to it.
  const inherited = Object.entries(rest).filter(([name]) => !/^(VITEST|npm_|NODE_TEST_CONTEXT)/.test(name));
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const env = { ...Object.fromEntries(inherited), PATH, NO_COLOR: "1", ...variables };
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [...args], { cwd, env, maxBuffer: 1e7 });
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(" ")} failed in ${cwd}:\n${stdout}${stderr}`);
  }
}
