import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, test } from "vitest";
import { driver } from "../_drivers.ts";

const ROOT = new URL("../../", import.meta.url);

export interface WorkerdOptions {
  /** The file of the main module, which may import micropie by its public paths; or a text without imports of files. */
  readonly main: URL | string;
  /** Names of bindings. */
  readonly d1Databases?: readonly string[];
  /** Class names by the names of their bindings. */
  readonly durableObjects?: Readonly<Record<string, string>>;
  /** The name of a binding by which the Worker asks itself, without the network. */
  readonly self?: string;
  /** How the runtime behaves. Default: as of July 2026, with `nodejs_compat`. */
  readonly compatibilityDate?: string;
  readonly compatibilityFlags?: readonly string[];
}

/** Cloudflare's own emulator: workerd, on a free port of this machine, with its data in a temporary folder. */
export interface Workerd {
  readonly url: URL;
  /** Asks for a path, on a connection of its own: workerd may close an idle one at the moment at which it is used again. */
  ask(path: string, init?: RequestInit): Promise<Response>;
}

interface Miniflare {
  readonly ready: Promise<URL>;
  dispose(): Promise<void>;
}

/**
 * Defines the tests that need workerd, which runs until they are over. Where its program does not run, they are skipped
 * with the command that would change that; with CI=true, that is a failure.
 */
export async function onWorkerd(options: WorkerdOptions, define: (workerd: Workerd) => void): Promise<void> {
  const missing = await reasonNotToRun();
  if (missing !== undefined) {
    if (process.env.CI) test("workerd", () => Promise.reject(new Error(missing)));
    else describe.skip(missing, () => test("not run", () => {}));
    return;
  }
  const miniflare = newMiniflare(options);
  const url = await miniflare.ready;
  const watchdog = await watch();
  afterAll(async () => {
    await miniflare.dispose();
    watchdog?.kill("SIGKILL");
  });
  const ask = (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set("connection", "close");
    return fetch(new URL(path, url), { ...init, headers });
  };
  describe("workerd", () => define({ url, ask }));
}

/** Starts it and stops it; rejects with what it says if it does not start. */
export async function tryWorkerd(options: WorkerdOptions): Promise<void> {
  const miniflare = newMiniflare(options);
  await miniflare.ready.finally(() => miniflare.dispose());
}

function newMiniflare(options: WorkerdOptions): Miniflare {
  const { main, d1Databases = [], durableObjects = {}, compatibilityDate, compatibilityFlags } = options;
  const { Miniflare, kCurrentWorker } = driver<{
    Miniflare: new (options: object) => Miniflare;
    kCurrentWorker: symbol;
  }>("miniflare");
  return new Miniflare({
    host: "127.0.0.1",
    cf: false,
    compatibilityDate: compatibilityDate ?? "2026-07-01",
    compatibilityFlags: compatibilityFlags ?? ["nodejs_compat"],
    modulesRoot: fileURLToPath(ROOT),
    modules:
      typeof main === "string"
        ? [{ type: "ESModule", path: "worker.js", contents: main }]
        : workerModules(main),
    d1Databases,
    durableObjects: Object.fromEntries(
      Object.entries(durableObjects).map(([name, className]) => [name, { className, useSQLite: true }]),
    ),
    serviceBindings: options.self === undefined ? {} : { [options.self]: kCurrentWorker },
  });
}

/** Undefined if workerd runs here. */
async function reasonNotToRun(): Promise<string | undefined> {
  try {
    // Installed beside miniflare; it throws where there is none for this machine.
    const { default: program } = driver<{ default: string }>("workerd");
    await promisify(execFile)(process.env.MINIFLARE_WORKERD_PATH ?? program, ["--version"]);
    return undefined;
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0];
    return `workerd does not run here (${reason}); to run these tests: npm ci --prefix test/drivers, on Linux with glibc 2.35, macOS or Windows`;
  }
}

/** Ends workerd when this process is gone, however that ended; miniflare sees only to an orderly end. */
async function watch(): Promise<ChildProcess | undefined> {
  const listed = promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,comm="]);
  const { stdout } = await listed.catch(() => ({ stdout: "" }));
  const processes = stdout.split("\n").map((line) => line.trim().split(/\s+/));
  const ours = processes.filter(
    ([, parent, name]) => Number(parent) === process.pid && name?.includes("workerd"),
  );
  if (ours.length === 0) return undefined;
  const script = 'read -r line; kill -s KILL "$@"';
  const watchdog = spawn("sh", ["-c", script, "watchdog", ...ours.map(([pid]) => pid!)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.unref();
  (watchdog.stdin as unknown as { unref?(): void } | null)?.unref?.();
  return watchdog;
}

interface Module {
  readonly type: "ESModule";
  readonly path: string;
  readonly contents: string;
}

/** Like `import … from "x"` at the beginning of a line, in our sources and in those of a dependency. */
const IMPORT = /^((?:import|export)\b[^;'"]*?\bfrom\s*|import\s*)(["'])([^"']+)\2/gm;

/** The main module and everything that it imports, as the source files are, but without their types. */
function workerModules(main: URL): Module[] {
  const modules = new Map<string, Module>();
  const add = (file: URL): void => {
    if (modules.has(file.href)) return;
    const found: URL[] = [];
    const text = readFileSync(file, "utf8");
    const script = file.pathname.endsWith(".ts") ? stripTypeScriptTypes(text) : text;
    const contents = script.replace(IMPORT, (whole, before: string, _, specifier: string) => {
      if (/^(node|cloudflare):/.test(specifier)) return whole;
      const imported = resolve(specifier, file);
      found.push(imported);
      return `${before}"/${relative(fileURLToPath(ROOT), fileURLToPath(imported)).replaceAll("\\", "/")}"`;
    });
    modules.set(file.href, { type: "ESModule", path: fileURLToPath(file), contents });
    for (const imported of found) add(imported);
  };
  add(main);
  return [...modules.values()];
}

function resolve(specifier: string, importer: URL): URL {
  if (specifier.startsWith(".")) return new URL(specifier, importer);
  if (specifier === "micropie") return new URL("src/index.ts", ROOT);
  if (specifier === "micropie/testing") return new URL("src/testing/index.ts", ROOT);
  if (specifier.startsWith("micropie/")) return new URL(`src/${specifier.slice(9)}.ts`, ROOT);
  return pathToFileURL(createRequire(importer).resolve(specifier));
}
