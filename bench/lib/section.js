/** Puts generated text between its two markers in docs/performance.md and leaves the rest of the page alone. */
import { readFileSync, writeFileSync } from "node:fs";

const PAGE = new URL("../../docs/performance.md", import.meta.url);

export function writeSection(name, text) {
  const begin = `<!-- ${name}:begin, written by the bench -->`;
  const end = `<!-- ${name}:end -->`;
  const page = readFileSync(PAGE, "utf8");
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`docs/performance.md has no "${begin}" … "${end}"`);
  writeFileSync(PAGE, `${page.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${page.slice(to)}`);
}
