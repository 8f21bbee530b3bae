/** What a session weighs and costs at each store: for the terminal, and the generated part of docs/scaling.md. */
import { machineText, number, table } from "./markdown.js";
import { writeSection } from "./section.js";

const LIVE = 100_000_000;
const GIB = 2 ** 30;

const perCore = (us) => (us > 0 ? Math.round(1e6 / us / 100) * 100 : 0);

const head = [
  "store",
  "bytes per session, new",
  "after use",
  "µs at the store: a read",
  "read + write",
  "one core of the store carries: reads/s",
  "reads + writes/s",
  "100 million sessions, GiB",
];

const rowsOf = ({ stores }) =>
  stores.map(({ label, version, bytes, used, read, write }) => [
    `${label} ${version}`,
    Math.round(bytes),
    Math.round(used),
    number(read.store),
    number(write.store),
    perCore(read.store).toLocaleString("en-US"),
    perCore(write.store).toLocaleString("en-US"),
    Math.ceil((used * LIVE) / GIB),
  ]);

const besideHead = [
  "store",
  "package",
  "bytes per session",
  "bytes of log per change",
  "changes that leave the indexes alone",
  "dead rows after 60,000 changes",
];

const besideRows = ({ beside = [] }) =>
  beside.flatMap(({ store, ours, theirs }) =>
    [ours, theirs].map(({ label, bytes, log, hot, dead }) => [
      store,
      label,
      Math.round(bytes),
      ...(log === undefined ? ["", "", ""] : [Math.round(log), `${Math.round(hot * 100)} %`, dead]),
    ]),
  );

export function printScale(results) {
  console.log(table(besideHead, besideRows(results)));
  console.table(rowsOf(results).map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]]))));
  for (const { label, read, write } of results.stores)
    console.log(
      `${label}: engine and client ${read.own.toFixed(1)} µs a read, ${write.own.toFixed(1)} µs a read and write; ${Math.round(read.rate)} and ${Math.round(write.rate)} a second`,
    );
}

export function writeScale(results) {
  writeSection(
    "scale",
    `Taken on ${results.date}: ${machineText(results.machine)}. ${results.count.toLocaleString("en-US")} signed-in sessions in each store, each of about
180 bytes of JSON and with a user of its own, so each has an entry in the user index.

${table(head, rowsOf(results))}

Engine and client, in the server's process: ${results.stores
      .map(
        ({ label, read, write }) =>
          `${label} ${number(read.own)} µs a read, ${number(write.own)} µs a read and write`,
      )
      .join("; ")}.

The same data in the package that most applications have there, without the list of a user's sessions, which these packages do not
keep. The log is PostgreSQL's write-ahead log; vacuum was off meanwhile.

${table(besideHead, besideRows(results))}`,
    "scaling",
  );
}
