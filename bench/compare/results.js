/** results.json: what every contender did. results.schema.json says what is in it. */
import { readFileSync, writeFileSync } from "node:fs";
import { Ajv } from "ajv";
import { linkTo } from "./links.js";
import { PROBES } from "./probes.js";
import { verdict } from "./table.js";
import { ownVersion, versionsOf } from "./versions.js";

const FILE = new URL("./results.json", import.meta.url);
const SCHEMA = new URL("./results.schema.json", import.meta.url);

export const readResults = () => JSON.parse(readFileSync(FILE, "utf8"));

/** What is wrong with results, a line each; none if nothing is. */
export function faultsOf(results) {
  const ajv = new Ajv({ allErrors: true, strictTypes: false, formats: { date: /^\d{4}-\d{2}-\d{2}$/ } });
  const validate = ajv.compile(JSON.parse(readFileSync(SCHEMA, "utf8")));
  const faults = validate(results)
    ? []
    : validate.errors.map((error) => `${error.instancePath} ${error.message}`);
  const names = results.probes.map(({ name }) => name);
  for (const { id, outcomes } of results.contenders)
    for (const name of names)
      if (outcomes[name] === undefined) faults.push(`${id} has no outcome of ${name}`);
  return faults;
}

/** Puts what was found of these contenders in the place of what was there; the order is that of `ids`. Throws if it is not whole. */
export function writeResults(found, ids) {
  let before = [];
  try {
    before = readResults().contenders;
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  const of = (id) => found.find((each) => each.id === id) ?? before.find((each) => each.id === id);
  const results = {
    $schema: "./results.schema.json",
    probes: PROBES.map(({ name, promise, rule }) => ({ name, promise, rule })),
    contenders: ids.map(of).filter((each) => each !== undefined),
  };
  const faults = faultsOf(results);
  if (faults.length > 0) throw new Error(`results.json would not be whole:\n${faults.join("\n")}`);
  writeFileSync(FILE, `${JSON.stringify(results, undefined, 2)}\n`);
  return results;
}

const RESULTS = { pass: "holds", fail: "fails", byHand: "by hand", none: "not applicable" };

/** What results.json says of a contender, from what its probes found. */
export function entryOf(id, contender, outcomes, date) {
  const { name, kind = "micropie", on, about, why = [] } = contender;
  const versions = { ...versionsOf(contender), ...(contender.own ? { micropie: ownVersion() } : {}) };
  const entries = Object.entries(outcomes).map(([probe, outcome]) => {
    const note = why.find(({ rows }) => rows.includes(probe));
    return [
      probe,
      {
        result: RESULTS[verdict(outcome)],
        fact: outcome.fact,
        ...(outcome.byHand === undefined ? {} : { call: outcome.byHand }),
        ...(note === undefined ? {} : { why: note.says, link: linkTo(note.at) }),
      },
    ];
  });
  return {
    id,
    name,
    kind,
    on,
    date,
    node: process.versions.node,
    versions,
    ...(about === undefined
      ? {}
      : {
          about: { ...about, promises: about.promises.map(({ says, at }) => ({ says, link: linkTo(at) })) },
        }),
    outcomes: Object.fromEntries(entries),
  };
}
