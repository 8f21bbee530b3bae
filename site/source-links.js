// Links of the docs to files that are not pages of the site.
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/**
 * Makes code of each link to a file outside of docs/, with its path as the title, because no address on the network has
 * these files. A link to the README leads home. Throws if the file is not there.
 */
export function sourceLinks(md, root) {
  md.core.ruler.push("source-links", ({ tokens, env }) => {
    for (const token of tokens)
      if (token.type === "inline") token.children = rewritten(token.children, env.relativePath, root);
  });
}

function rewritten(children, page, root) {
  const out = [];
  let path;
  let inside = [];
  for (const token of children) {
    if (token.type === "link_open") path = pathOf(token.attrGet("href"), page, root);
    if (path === undefined) out.push(token);
    else if (path === "README.md") {
      if (token.type === "link_open") token.attrSet("href", "/");
      out.push(token);
    } else if (token.type === "link_close") out.push(...asCode(inside, path));
    else if (token.type !== "link_open") inside.push(token);
    if (token.type === "link_close") {
      path = undefined;
      inside = [];
    }
  }
  return out;
}

/** Returns where a link leads, from the root, if that is outside of docs/. */
function pathOf(href, page, root) {
  if (/^([a-z]+:|#|\/)/.test(href)) return undefined;
  const target = join(root, "docs", dirname(page), decodeURI(href.replace(/#.*/, "")));
  const path = relative(root, target).replaceAll("\\", "/");
  if (/^docs(\/|$)/.test(path)) return undefined;
  if (path.startsWith("..") || !existsSync(target)) throw new Error(`docs/${page}: a dead link to ${href}`);
  return path;
}

function asCode(tokens, path) {
  // What is code already needs no more.
  for (const token of tokens) {
    if (token.type === "text") {
      token.type = "code_inline";
      token.tag = "code";
    }
    if (token.type === "code_inline") token.attrSet("title", path);
  }
  return tokens;
}
