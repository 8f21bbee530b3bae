/** What was found out by which run, as it stands in spec/results.json: so long runs need not be done again with the others. */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { fingerprint, schedulesNow } from "../../spec/fingerprint.ts";

const FILE = new URL("../../spec/results.json", import.meta.url);
const PLAYED = new URL("../../spec/played.json", import.meta.url);
/** Returns what is known of each run of the models as they are now, by name. */
export function known() {
  const all = Object.entries(JSON.parse(readFileSync(FILE, "utf8")));
  return new Map(all.filter(([, { model, of }]) => of === fingerprint(model)));
}

/** Writes what came of a run, beside what is known of others. `names` are all that there are, in their order. */
export function record({ name, ...result }, names) {
  const all = known().set(name, {
    ...result,
    of: fingerprint(result.model),
    on: machine(),
    load: Math.round(loadavg()[0]),
  });
  const kept = [...all].filter(([each]) => names.includes(each));
  kept.sort(([one], [other]) => names.indexOf(one) - names.indexOf(other));
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(kept), undefined, 2)}\n`);
}

/** Returns how the schedules as they are now were played, by the names of back-ends. */
export function playedBefore() {
  const { of, on } = JSON.parse(readFileSync(PLAYED, "utf8"));
  return new Map(of === schedulesNow() ? Object.entries(on) : []);
}

/** Writes how they were played on a back-end, beside what is known of others. */
export function recordPlayed(name, result) {
  const all = [...playedBefore().set(name, result)].sort(([one], [other]) => (one < other ? -1 : 1));
  writeFileSync(
    PLAYED,
    `${JSON.stringify({ of: schedulesNow(), on: Object.fromEntries(all) }, undefined, 2)}\n`,
  );
}

function machine() {
  return `${cpus()[0].model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}
