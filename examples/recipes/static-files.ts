/**
 * Pages of one layout, and the files that they need, from an App.
 *
 *     npx micropie examples/recipes/static-files.ts
 */
import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { App, type Html, html, reply } from "micropie";

const TYPES: Record<string, string> = {
  ".css": "text/css",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
};

/** Read once, so that a path can lead to nothing else: no `..`, no link, no hidden file. */
const folder = new URL("../static/", import.meta.url);
const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder))]));

/** A template is a function: what is put in is escaped, unless it is `html` itself. */
function layout(title: string, main: Html) {
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8">
      <title>${title}</title>
      <link rel="stylesheet" href="/assets/site.css">
      <main>${main}</main>
    </html>`;
}

class Site extends App<{ seen: string[] }> {
  index(page = "home") {
    const { session } = this.request;
    session.seen = [...(session.seen ?? []), page].slice(-5);
    return layout(page, html`<ol>${session.seen.map((name) => html`<li>${name}</li>`)}</ol>`);
  }

  // Does not look at the session: no call of the store, no Vary, so that caches keep the file.
  assets(name: string) {
    const file = files.get(name);
    if (file === undefined) return reply(404, "There is no such file.");
    return reply(200, file, {
      "content-type": TYPES[extname(name)] ?? "application/octet-stream",
      "x-content-type-options": "nosniff",
      "cache-control": "public, max-age=3600",
    });
  }
}
export default new Site();
