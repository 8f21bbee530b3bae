import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { install } from "../_install.ts";
import type { Runtime } from "./suite/groups.ts";

/** A program that runs JavaScript on this machine. */
export interface Program {
  /** With the version that was found: "Bun 1.4.5". */
  readonly name: string;
  readonly runtime: Runtime;
  readonly command: string;
  /** What comes before the name of a file. */
  readonly args: readonly string[];
  /** Why it does not run here, and what would change that. */
  readonly missing?: string;
}

const folder = new URL("./", import.meta.url);
const exe = process.platform === "win32" ? ".exe" : "";
const machine = `${process.platform}-${process.arch}`;
/** Bun's names for machines are its own. The one for x64 is for older processors too. */
const bun = `bun-${machine.replace("win32", "windows").replace("arm64", "aarch64")}`;
const baseline = machine === "linux-x64" ? "-baseline" : "";
const glibc = process.platform === "linux" ? "-glibc" : "";

/** The packages of package.json that are for this machine, with the paths of their programs. */
const PATHS: Readonly<Record<string, readonly [name: string, path: string]>> = {
  "Node 22": [`node22-${machine}`, `bin/node${exe}`],
  "Node 26": [`node26-${machine}`, `bin/node${exe}`],
  Bun: [`@oven/${bun}${baseline}`, `bin/bun${exe}`],
  Deno: [`@deno/${machine}${glibc}`, `deno${exe}`],
};

const KINDS: readonly Omit<Program, "command">[] = [
  { name: "Node 22", runtime: "node", args: [] },
  { name: "Node 24", runtime: "node", args: [] },
  { name: "Node 26", runtime: "node", args: [] },
  { name: "Bun", runtime: "bun", args: [] },
  { name: "Deno", runtime: "deno", args: ["run", "--allow-all"] },
];

/** Installs what package.json names for this machine, unless it is there. */
export async function installRuntimes(): Promise<void> {
  const wanted = JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as {
    dependencies: Record<string, string>;
    optionalDependencies: Record<string, string>;
  };
  const versions = { ...wanted.dependencies, ...wanted.optionalDependencies };
  const names = [...Object.keys(wanted.dependencies), ...Object.values(PATHS).map(([name]) => name)];
  await install(folder, () =>
    names.every((name) => !(name in versions) || versions[name]!.endsWith(installedVersion(name))),
  );
}

/** All runtimes, installed if they were not. Node 24 is the one that runs this. */
export async function findPrograms(): Promise<Program[]> {
  await installRuntimes();
  return Promise.all(
    KINDS.map(async (kind) => {
      const command = kind.name === "Node 24" ? process.execPath : pathOf(...PATHS[kind.name]!);
      try {
        const { stdout } = await promisify(execFile)(command, ["--version"]);
        const [version] = /\d+\.\d+\.\d+/.exec(stdout)!;
        return { ...kind, name: `${kind.name.split(" ")[0]} ${version}`, command };
      } catch (error) {
        const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
        const missing = `${kind.name} does not run here (${reason}); to run its tests: npm ci --prefix test/runtimes`;
        return { ...kind, command, missing };
      }
    }),
  );
}

function pathOf(name: string, path: string): string {
  return join(fileURLToPath(folder), "node_modules", ...name.split("/"), path);
}

/** Of what is installed under this name; a text that ends no version if nothing is. */
function installedVersion(name: string): string {
  try {
    const text = readFileSync(pathOf(name, "package.json"), "utf8");
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return "none";
  }
}
