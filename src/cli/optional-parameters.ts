import { readFile } from "node:fs/promises";
import type { App } from "../app/app.ts";
import { roomOf } from "../app/rooms.ts";
import { optional, type Route } from "../app/routes.ts";

/**
 * Returns a hint for each route that its TypeScript file declares with an optional parameter (`id?: string`), which is
 * required when it runs. Empty if that cannot be told.
 */
export async function optionalHints(app: App, file: string): Promise<string[]> {
  const routes = roomOf(app)?.().routes;
  if (routes === undefined || !file.endsWith("ts")) return [];
  const source = await readFile(file, "utf8").catch(() => "");
  return [...routes.values()].flatMap((route) =>
    erasedOptionals(route, source).map(
      (name) =>
        `${file}: TypeScript erases the "?" of ${route.name}(${name}?), so a request without it is a 400. Write ${optional(name)}`,
    ),
  );
}

/** Node blanks types out, so the text of a function that runs is at the same place in the file. */
function erasedOptionals({ handler, names, required }: Route, source: string): string[] {
  const text = Function.prototype.toString.call(handler);
  const start = placeOf(text, source);
  if (start === undefined) return [];
  const found: string[] = [];
  let at = text.indexOf("(");
  for (const name of names.slice(0, required)) {
    if (name === "") continue;
    at = text.indexOf(name, at) + name.length;
    if (text[at] !== "?" && /^\s*\?/.test(source.slice(start + at, start + at + 100))) found.push(name);
  }
  return found;
}

/** Returns where `source` has all characters of `text` that are not blank, if there is one such place. */
function placeOf(text: string, source: string): number | undefined {
  const head = text.slice(0, text.indexOf("(") + 1);
  let place: number | undefined;
  for (let start = source.indexOf(head); start !== -1; start = source.indexOf(head, start + 1)) {
    let at = 0;
    while (at < text.length && (text[at] === " " || text[at] === source[start + at])) at++;
    if (at < text.length) continue;
    if (place !== undefined) return undefined;
    place = start;
  }
  return place;
}
