/** Writes docs/compare.md, docs/compare/ and the table of the README from results.json. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { writeSection } from "../lib/section.js";
import { HEADLINES } from "./contenders.js";
import { mark, markAndFact, table } from "./markdown.js";
import { rivalPage } from "./rival-page.js";

const FOLDER = new URL("../../docs/compare/", import.meta.url);

const GROUPS = [
  ["store", "Sessions on a store of the server:"],
  ["auth", "Libraries for sign-in, which make a session for each:"],
  ["cookie", "Sessions in the cookie alone:"],
];

/** The text of each page that is made of results, by its path from docs/; undefined for a part of a page (see `sections`). */
export function pagesOf(results) {
  const rivals = results.contenders.filter(({ kind }) => kind !== "micropie");
  return Object.fromEntries(rivals.map((rival) => [`compare/${rival.id}.md`, rivalPage(rival, results)]));
}

/** What stands between the markers of docs/compare.md and of the README. */
export function sectionsOf({ probes, contenders }) {
  const ours = contenders.filter(({ kind }) => kind === "micropie");
  const held = (name, cell) => {
    const some = ours.filter(({ outcomes }) => outcomes[name].result === "holds");
    return [...new Set((some.length > 0 ? some : ours).map(({ outcomes }) => cell(outcomes[name])))].join(
      ", ",
    );
  };
  const groups = GROUPS.map(([kind, title]) => {
    const rivals = contenders.filter((each) => each.kind === kind);
    return `${title}

${table(
  ["", ...rivals.map(({ id, name }) => `[${name}](compare/${id}.md)`), "micropie"],
  probes.map(({ name }) => [
    name,
    ...rivals.map(({ outcomes }) => markAndFact(outcomes[name])),
    held(name, markAndFact),
  ]),
)}`;
  });
  const headlines = HEADLINES.contenders.map((id) => contenders.find((each) => each.id === id));
  return {
    compare: `${groups.join("\n\n")}

Each way to use micropie:

${table(
  ["", ...ours.map(({ name }) => name.replace("micropie ", ""))],
  probes.map(({ name }) => [name, ...ours.map(({ outcomes }) => mark(outcomes[name]))]),
)}

What ran:

${contenders
  .filter(({ kind }) => kind !== "micropie")
  .map(({ name, versions, date, node }) => {
    const all = Object.entries(versions).map((each) => each.join(" "));
    return `- **${name}**: ${all.join(", ")}; on ${date}, Node ${node}`;
  })
  .join("\n")}

The rules:

${probes.map(({ name, rule }) => `- **${name}**: ${rule}`).join("\n")}`,
    "../README": table(
      ["", ...headlines.map(({ name }) => name), "micropie"],
      HEADLINES.probes.map((name) => [
        probes.find((probe) => probe.name === name).promise,
        ...headlines.map(({ outcomes }) => mark(outcomes[name])),
        held(name, mark),
      ]),
    ),
  };
}

export function writePages(results) {
  for (const [page, text] of Object.entries(sectionsOf(results))) writeSection("compare", text, page);
  mkdirSync(FOLDER, { recursive: true });
  const pages = pagesOf(results);
  for (const name of readdirSync(FOLDER))
    if (pages[`compare/${name}`] === undefined) rmSync(new URL(name, FOLDER));
  for (const [path, text] of Object.entries(pages)) writeFileSync(new URL(`../${path}`, FOLDER), text);
}
