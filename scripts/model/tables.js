/** The tables of docs/model.md. */
import { readFileSync, writeFileSync } from "node:fs";

const PAGE = new URL("../../docs/model.md", import.meta.url);

/** Puts text between its two markers in docs/model.md. */
export function writeSection(name, text, by = "npm run model") {
  const begin = `<!-- ${name}:begin, written by ${by} -->`;
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

/** What each promise is, in the model. */
export function meaningTable(properties) {
  return table(
    ["promise", "what is judged"],
    ["---", "---"],
    properties.map(({ name, means }) => [`**${name}**`, means]),
  );
}

/** What was checked, and how much of it. */
export function propertyTable(checks, results) {
  const rows = checks
    .filter(({ name }) => results.has(name))
    .map(({ name, promise, processes, requests, time: ticks, whole }) => {
      const { states, depth, seconds } = results.get(name);
      const how = whole ? `${requests}; nothing merged` : requests;
      return [`**${promise}**`, String(processes), how, ticks, number(states), number(depth), time(seconds)];
    });
  return table(
    ["promise", "processes", "requests", "time", "states", "depth", "seconds"],
    ["---", "---", "---", "---", "---:", "---:", "---:"],
    rows,
  );
}

/** What each condition prevents. */
export function weakenedTable(weakened, results) {
  const rows = weakened.map(({ define, without, what, breaks }) => {
    const { told, steps, seconds } = results.get(define);
    return [without, what, `**${breaks}**`, String(steps), time(seconds), `\`${told}\``];
  });
  return table(
    ["taken away", "so that", "breaks", "steps", "seconds", "the shortest way there"],
    ["---", "---", "---", "---:", "---:", "---"],
    rows,
  );
}

/** On which back-ends how many schedules were played. */
export function storesTable(played) {
  const rows = [...played].map(([on, { schedules, seconds }]) => [on, number(schedules), time(seconds)]);
  return table(["back-end", "schedules", "seconds"], ["---", "---:", "---:"], rows);
}

/** On what it was run, and how busy that was. */
export function machineLine(results) {
  const all = [...results.values()];
  const machines = [...new Set(all.map(({ on }) => on))];
  const loads = all.map(({ load = 0 }) => load);
  const load = Math.max(...loads) > 2 ? `, with a load of up to ${Math.max(...loads)}` : "";
  return `Seconds without those of the compiler, on ${machines.join("; and on ")}${load}.`;
}
