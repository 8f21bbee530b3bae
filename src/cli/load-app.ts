import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describeImportError } from "./import-error.ts";
import { Problem } from "./problem.ts";

/** An object that can be served: an `App`, or any object with a `fetch` method. */
export interface Servable {
  fetch(request: Request): Response | Promise<Response>;
}

/** A server that is listening. */
export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

/** Imports a file and returns its default export. Throws `Problem` with a readable message if that fails. */
export async function loadApp(file: string): Promise<Servable> {
  const module = await importFile(file);
  const app = module.default;
  if (isServable(app)) return app;
  throw new Problem(describeExports(file, module));
}

async function refuseMissing(file: string, path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return;
  if (found?.isDirectory()) throw new Problem(`${file} is a directory. Name the file of the application.`);
  for (const end of [".ts", ".js"]) {
    const guess = path.replace(/(\.[mc]?[jt]s)?$/, end);
    const there = await stat(guess).catch(() => undefined);
    if (there?.isFile()) throw new Problem(`file not found: ${file}. Did you mean ${basename(guess)}?`);
  }
  throw new Problem(`file not found: ${basename(path)} in ${dirname(path)}.`);
}

/** Imports a .ts or .js file of the user. Throws `Problem` with a readable message if that fails. */
export async function importFile(file: string): Promise<Record<string, unknown>> {
  const path = resolve(file);
  await refuseMissing(file, path);
  if (!/\.[mc]?[jt]s$/.test(path)) throw new Problem(`${file} is not a .ts or .js file.`);
  const onStuck = () => {
    console.error(`micropie: ${file} did not finish loading: a top-level await never resolves.`);
    process.exitCode = 1;
  };
  process.once("beforeExit", onStuck);
  const limit = Error.stackTraceLimit;
  // The runtime's frames come first; the application's frames are the ones to show.
  Error.stackTraceLimit = 50;
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    throw new Problem(describeImportError(file, path, error));
  } finally {
    Error.stackTraceLimit = limit;
    process.off("beforeExit", onStuck);
  }
}

function isServable(value: unknown): value is Servable {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    "fetch" in value &&
    typeof value.fetch === "function"
  );
}

function describeExports(file: string, module: Record<string, unknown>): string {
  if ("default" in module) return describeDefault(file, module.default);
  const names = Object.keys(module);
  const candidate = names.find((name) => isServable(module[name])) ?? "new MyApp()";
  const has = names.length === 0 ? "it exports nothing" : `it exports ${names.join(", ")}`;
  return `${file} has no default export; ${has}.\nEnd it with: export default ${candidate};`;
}

function describeDefault(file: string, value: unknown): string {
  if (typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value))) {
    const name = value.name && value.name !== "default" ? value.name : "MyApp";
    return `${file} exports the class ${name}. Export an instance: export default new ${name}();`;
  }
  if (typeof value === "function") {
    const name = value.name === "default" ? "handler" : value.name || "handler";
    return `${file} exports a function. Export an object with it: export default { fetch: ${name} };`;
  }
  if (value instanceof Promise) return `${file} exports a promise. Await it: export default await ...;`;
  const kind =
    value === null ? "null" : Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
  return `the default export of ${file} is ${kind} without a fetch method.\nExport an App: export default new MyApp();`;
}
