/** Puts generated text between its two markers in a page of docs and leaves the rest of the page alone. */
import { readFileSync, writeFileSync } from "node:fs";

export function writeSection(name, text, title = "performance") {
  const file = new URL(`../../docs/${title}.md`, import.meta.url);
  const begin = `<!-- ${name}:begin, written by the bench -->`;
  const end = `<!-- ${name}:end -->`;
  const page = readFileSync(file, "utf8");
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`docs/${title}.md has no "${begin}" … "${end}"`);
  writeFileSync(file, `${page.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${page.slice(to)}`);
}
