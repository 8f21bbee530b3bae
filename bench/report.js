/** `npm run bench:report`: writes the pages and the chart again from the figures of the last runs. */
import { readFileSync } from "node:fs";
import { printGoals } from "./lib/goals.js";
import { writeReport } from "./lib/report.js";
import { printScale, writeScale } from "./lib/scale-report.js";
import { printStores, writeStores } from "./lib/stores-report.js";
import { printSummary } from "./lib/summary.js";

const last = (name) => JSON.parse(readFileSync(new URL(`./results/${name}.json`, import.meta.url), "utf8"));

const results = last("latest");
printSummary(results);
printGoals(results.measurements);
writeReport(results);
printStores(last("stores"));
writeStores(last("stores"));
printScale(last("scale"));
writeScale(last("scale"));
