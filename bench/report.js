/** `npm run bench:report`: writes the page and the chart again from the figures of the last run. */
import { readFileSync } from "node:fs";
import { printGoals } from "./lib/goals.js";
import { writeReport } from "./lib/report.js";
import { printSummary } from "./lib/summary.js";

const results = JSON.parse(readFileSync(new URL("./results/latest.json", import.meta.url), "utf8"));
printSummary(results);
printGoals(results.measurements);
writeReport(results);
