/** The build of micropie that a server process measures: this checkout's, or that of `--library=FOLDER`. */
import { pathToFileURL } from "node:url";

const folder = process.argv.find((arg) => arg.startsWith("--library="))?.slice("--library=".length);

/** Imports a module of that build, such as `adapters/node`; without a path, `micropie` itself. */
export function library(path) {
  if (folder === undefined) return import(path === undefined ? "micropie" : `micropie/${path}`);
  return import(pathToFileURL(`${folder}/dist/${path ?? "index"}.js`).href);
}
