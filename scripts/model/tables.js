/** The tables of docs/model.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

const PAGE = new URL("../../docs/model.md", import.meta.url);

/** Puts text between its two markers in docs/model.md. */
export function writeSection(name, text) {
  const begin = `<!-- ${name}:begin, written by npm run model -->`;
  const end = `<!-- ${name}:end -->`;
  const page = readFileSync(PAGE, "utf8");
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`docs/model.md: ${begin} and ${end} are not there.`);
  writeFileSync(PAGE, `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`);
}

function table(head, align, rows) {
  return [head, align, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const number = (value) => value.toLocaleString("en-US");
const time = (seconds) => (seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds)));

/** What was checked, and how much of it. */
export function propertyTable(whole, more) {
  const rows = whole.map((all) => {
    const four = more.find(({ name }) => name === all.name);
    return [
      `**${all.name}**`,
      all.means,
      number(all.states),
      number(all.depth),
      time(all.seconds),
      `${number(four.states)}${four.complete ? "" : "+"}`,
    ];
  });
  return table(
    ["promise", "what is judged", "states", "depth", "seconds", "four processes, states"],
    ["---", "---", "---:", "---:", "---:", "---:"],
    rows,
  );
}

/** What each condition prevents. */
export function weakenedTable(broken) {
  const rows = broken.map(({ without, what, breaks, trail, seconds }) => [
    without,
    what,
    `**${breaks}**`,
    String(trail.length),
    time(seconds),
    `\`${trail.told}\``,
  ]);
  return table(
    ["taken away", "so that", "breaks", "steps", "seconds", "the shortest way there"],
    ["---", "---", "---", "---:", "---:", "---"],
    rows,
  );
}

export function machineLine() {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `Measured on ${cpus()[0].model.trim()} (${cpus().length} cores), ${memory} GiB.`;
}
