/** Writes the memory part of docs/performance.md. */
import { machineText, number, table } from "./markdown.js";
import { writeSection } from "./section.js";

export function writeMemoryReport({ date, machine, versions, count, results }) {
  const rows = results.map((row) => {
    const empty = row.kind === "nothing";
    return [
      row.kind === "micropie" ? `**${row.label}**` : row.label,
      empty ? "" : row.bytes.toFixed(0),
      empty ? "" : row.rss.toFixed(0),
      empty ? "" : number(row.createUs),
      empty ? "" : `${Math.max(0, row.freed * 100).toFixed(0)} % (${row.after} s)`,
      `${number(row.delayMax)} / ${number(row.delayP99)}`,
    ];
  });
  writeSection(
    "memory",
    `${count.toLocaleString("en")} sessions, each \`{ userId, visits, csrf }\` with a token of 32 hex digits; then none is
used and all expire. Taken on ${date}: ${machineText(machine)}, express-session ${versions["express-session"]}.

${table(
  [
    "sessions in",
    "heap bytes each",
    "RSS bytes each",
    "µs to make one",
    "heap free again (after)",
    "longest / 99th percentile delay of the event loop, ms",
  ],
  rows,
)}

Heap bytes are what a full garbage collection leaves, V8's heap and its external memory, divided by the sessions; ours
include the hash of the secret, the epoch and the deadlines. Each holder has its own process. The delays are taken over
the whole time from before the first session expires until the heap is read, in steps of 1 ms, under 20 visits a second
with an unknown cookie; the last row says how much of them is the machine.`,
  );
}
