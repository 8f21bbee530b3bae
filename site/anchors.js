// Names of headings, and links to them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Returns the name that GitHub gives to a heading, so that a link leads to the same place there and here. */
export function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- _]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}

/** Throws if a link of a built page leads to a page, or to a part of one, that is not there. VitePress looks at pages alone. */
export function checkAnchors(folder) {
  const pages = readdirSync(folder, { recursive: true }).filter((path) => path.endsWith(".html"));
  const ids = new Map();
  const idsOf = (path) => {
    if (!ids.has(path)) {
      const html = existsSync(path) ? readFileSync(path, "utf8") : "";
      ids.set(path, new Set(Array.from(html.matchAll(/ id="([^"]+)"/g), ([, id]) => id)));
    }
    return ids.get(path);
  };
  const dead = [];
  for (const page of pages) {
    const html = readFileSync(join(folder, page), "utf8");
    for (const [, href] of html.matchAll(/<a [^>]*href="([^"]*#[^"]+)"/g)) {
      const { pathname, hash, host } = new URL(href, `http://site/${page.replaceAll("\\", "/")}`);
      if (host !== "site") continue;
      const id = decodeURIComponent(hash.slice(1));
      if (!idsOf(join(folder, pathname)).has(id)) dead.push(`${page}: ${href}`);
    }
  }
  if (dead.length > 0) throw new Error(`Dead links:\n${dead.join("\n")}`);
}
