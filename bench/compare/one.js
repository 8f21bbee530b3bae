/**
 * Runs the probes against one contender in a process of its own, which its framework may do with as it likes, and sends what they
 * found to the process that started it.
 */
import { contender } from "./contenders.js";
import { PROBES } from "./probes.js";
import { entryOf } from "./results.js";
import { runProbes } from "./run.js";

const [file, date, ...names] = process.argv.slice(2);
const one = await contender(file);
const probes = names.length === 0 ? PROBES : PROBES.filter(({ name }) => names.includes(name));
// Libraries print what the probes make go wrong.
if (process.env.COMPARE_PRINTS === undefined) console.error = console.warn = console.log = () => {};
const outcomes = await runProbes(one, probes);
const { own = false, except = [] } = one;
process.send({ own, except, outcomes, entry: entryOf(file, one, outcomes, date) }, () => process.exit());
