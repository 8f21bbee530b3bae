import { exec, execFile } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ensureDist, environment, root } from "../_command.ts";
import { install } from "../_install.ts";
import { installOffline } from "../_packed.ts";

const here = fileURLToPath(new URL("./", import.meta.url));

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}
const manifest = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;

/** The projects of this folder, beside the packed package as npm installs it. */
export interface Projects {
  readonly folder: string;
  /** Runs one of a project's npm scripts; answers what it printed. Rejects with that if it fails. */
  run(
    project: string,
    script: string,
    on?: { readonly node?: string; readonly args?: string },
  ): Promise<string>;
  remove(): void;
}

/** Makes them inside of this folder, where the tools are found that package.json names. */
export async function openProjects(): Promise<Projects> {
  await install(new URL("./", import.meta.url), areToolsThere);
  ensureDist();
  mkdirSync(join(here, ".tmp"), { recursive: true });
  const folder = mkdtempSync(join(here, ".tmp", "projects-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  // Else the bundlers take the repository's, which says that the package is its sources.
  writeFileSync(join(folder, "tsconfig.json"), "{}\n");
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  await npm(root, "pack", "--ignore-scripts", "--pack-destination", folder);
  const [packed] = globSync("*.tgz", { cwd: folder });
  await npm(folder, ...installOffline(join(folder, packed!)));
  for (const path of globSync("*/package.json", { cwd: here, exclude: [".tmp", "node_modules"] })) {
    cpSync(join(here, dirname(path)), join(folder, dirname(path)), { recursive: true });
  }
  return {
    folder,
    remove,
    async run(project, script, { node = process.execPath, args = "" } = {}) {
      const cwd = join(folder, project);
      const command = `${manifest(cwd).scripts[script]!} ${args}`;
      const places = [dirname(node), join(here, "node_modules/.bin"), process.env.PATH];
      // What Jest keeps for its next run goes with the folder.
      const env = environment({ PATH: places.join(delimiter), NO_COLOR: "1", TMPDIR: folder });
      try {
        const { stdout, stderr } = await promisify(exec)(command, { cwd, env });
        return stdout + stderr;
      } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        throw new Error(`${command} failed in ${project}:\n${stdout}${stderr}`);
      }
    },
  };
}

function areToolsThere(): boolean {
  return Object.entries(manifest(here).dependencies).every(([name, version]) => {
    try {
      const text = readFileSync(join(here, "node_modules", name, "package.json"), "utf8");
      return (JSON.parse(text) as { version: string }).version === version;
    } catch {
      return false;
    }
  });
}

async function npm(cwd: string, ...args: string[]): Promise<void> {
  const shell = process.platform === "win32";
  await promisify(execFile)(shell ? "npm.cmd" : "npm", args, { cwd, shell, env: environment() });
}
