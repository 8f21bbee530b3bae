/** The files of spec/ that the tests play: walks through the model, and ways to what each condition prevents. */
import { fingerprint } from "../../spec/fingerprint.ts";
import { walks } from "./spin.js";

/** How many different walks there are, and of which processes. */
const WANTED = 2500;
const WALKS = { model: "session", define: ["TELL", "N=3", "FAULTS=2", "TICKS=3", "WALKS=4000"], seed: 1 };

/** Returns the text of spec/schedules.txt, and its lines. */
export async function schedulesText(spin) {
  const all = await walks(spin, WALKS);
  // Stores may tell of what has expired, or not: then an engine makes one call more, or not.
  const lines = [...new Set(all.map((line) => line.trim()))].filter((line) => !line.includes("?"));
  if (lines.length < WANTED) throw new Error(`There are only ${lines.length} different schedules.`);
  const kept = lines.slice(0, WANTED).sort();
  const head = `# Walks through spec/session.pml, made by npm run model; test/spec/_steps.ts reads them.\n# Model ${fingerprint()}`;
  return { text: `${head}\n${kept.join("\n")}\n`, lines: kept };
}

/** Returns the text of spec/counterexamples.txt: of each condition of the store, the shortest way to what it prevents. */
export function counterexamplesText(broken) {
  const told = broken.filter(({ playable }) => playable);
  const lines = told.map(({ define, trail }) => `${define} ${trail.told}`);
  const head = `# The shortest way to what each condition prevents, made by npm run model: the switch, and the steps.\n# Model ${fingerprint()}`;
  return `${head}\n${lines.join("\n")}\n`;
}
