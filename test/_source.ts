import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One file below src/, and what it imports. */
export interface Source {
  /** `core/sessions.ts` */
  readonly path: string;
  /** The folder below src/ that it is in; for src/index.ts and src/errors.ts, the file itself. */
  readonly room: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

export interface Import {
  /** `node:crypto`, `srvx`, or the path below src/ of a file of ours. */
  readonly target: string;
  readonly isOurs: boolean;
  /** Nothing is left of it in JavaScript. */
  readonly typeOnly: boolean;
  /** Loaded when it is needed: `import("...")`. */
  readonly lazy: boolean;
}

const root = fileURLToPath(new URL("../src/", import.meta.url));

export function readSources(): Source[] {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts"))
    .sort();
  return paths.map((path) => {
    const text = readFileSync(join(root, path), "utf8");
    return { path, room: roomOf(path), text, imports: importsOf(path, text) };
  });
}

export function roomOf(path: string): string {
  return path.split("/")[0]!;
}

const IMPORT =
  /^(?:import|export)\s+(type\s)?([^;"']*?)\s*from\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;

function importsOf(path: string, text: string): Import[] {
  return Array.from(withoutComments(text).matchAll(IMPORT), ([, type, names = "", from, dynamic]) => {
    const specifier = from ?? dynamic!;
    const isOurs = specifier.startsWith(".");
    const target = isOurs ? new URL(specifier, `file:///${path}`).pathname.slice(1) : specifier;
    return { target, isOurs, typeOnly: type !== undefined || onlyTypes(names), lazy: from === undefined };
  });
}

/** `{ type A, type B }` */
function onlyTypes(names: string): boolean {
  const inside = /^\{([^}]*)\}$/.exec(names.trim())?.[1];
  if (inside === undefined) return false;
  return inside.split(",").every((name) => name.trim() === "" || name.trim().startsWith("type "));
}

export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}
