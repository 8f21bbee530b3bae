import { globSync } from "node:fs";
import { read, root } from "./_blocks.ts";

interface Manifest {
  exports: Record<string, unknown>;
  scripts: Record<string, string>;
  files: string[];
  engines: { node: string };
  devDependencies: Record<string, string>;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

export const json = (path: string): Manifest => JSON.parse(read(path));
export const manifest: Manifest = json("package.json");
export const readme: string = read("README.md");

export const files = (glob: string): string[] =>
  globSync(glob, { cwd: root, exclude: ["**/node_modules"] }).sort();

/** Each name once. */
export const sorted = (names: Iterable<string | undefined>): string[] =>
  Array.from(new Set(names), (name) => name ?? "").sort();

/** What package.json exports below a folder: `express`, `fetch` ... */
export const exported = (folder: string): string[] =>
  sorted(
    Object.keys(manifest.exports)
      .filter((path) => path.startsWith(`./${folder}/`))
      .map((path) => path.slice(folder.length + 3)),
  );

/** How the README calls the frameworks, and their files. Nest has no module of its own. */
export const FRAMEWORKS: Record<string, string> = {
  Express: "express",
  Fastify: "fastify",
  Koa: "koa",
  Hono: "hono",
  h3: "h3",
  Elysia: "elysia",
  "Next.js": "next",
  SvelteKit: "sveltekit",
  "React Router": "react-router",
  NestJS: "nest",
  "`node:http`": "node",
  "any `fetch` handler": "fetch",
};

/** The other ways to a store of one's own, and the wrapper, which are no stores. */
export const BESIDE_STORES: readonly string[] = ["cas", "full", "encrypted", "moving"];

/** As the pages write them. */
export const NUMBERS: readonly string[] = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];
