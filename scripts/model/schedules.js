/** The files of spec/ that the tests play: walks through the model, and ways to what each condition prevents. */
import { fingerprint } from "../../spec/fingerprint.ts";
import { walks } from "./spin.js";

/** How many different walks are kept: so many as they come, and of the others so many in which the rarest things happen. */
const KEPT = { first: 2000, rare: 500 };
/** How many there are to choose from, and of which processes. */
const WALKS = { model: "session", define: ["TELL", "N=3", "FAULTS=2", "TICKS=3", "WALKS=16000"], seed: 1 };

/** Returns the text of spec/schedules.txt, and its lines. */
export async function schedulesText(spin) {
  const all = await walks(spin, WALKS);
  // Stores may tell of what has expired, or not: then an engine makes one call more, or not.
  const lines = [...new Set(all.map((line) => line.trim()))].filter((line) => !line.includes("?"));
  const others = lines.slice(KEPT.first);
  if (others.length < KEPT.rare) throw new Error(`There are only ${lines.length} different schedules.`);
  const rarity = rarityIn(lines);
  others.sort((one, other) => rarity(one) - rarity(other) || (one < other ? -1 : 1));
  const kept = [...lines.slice(0, KEPT.first), ...others.slice(0, KEPT.rare)].sort();
  const head = `# Walks through spec/session.pml, made by npm run model; test/spec/_steps.ts reads them.\n# Model ${fingerprint("schedules")}`;
  return { text: `${head}\n${kept.join("\n")}\n`, lines: kept };
}

/** Returns a function that tells in how many of these lines there is the pair of steps that is the rarest in one. */
function rarityIn(lines) {
  const counts = new Map();
  for (const line of lines) for (const pair of pairsIn(line)) counts.set(pair, (counts.get(pair) ?? 0) + 1);
  return (line) => Math.min(...[...pairsIn(line)].map((pair) => counts.get(pair)));
}

/** The pairs of steps in a line, one after the other: which call or answer each is, and whether both are of one process. */
function pairsIn(line) {
  const [, ...steps] = line.split(" |")[0].split(" ");
  return new Set(
    steps.slice(1).map((step, n) => {
      const before = steps[n];
      return `${before.slice(1)} ${before[0] === step[0] ? "same" : "other"} ${step.slice(1)}`;
    }),
  );
}

/** Returns the text of spec/counterexamples.txt: of each condition of the store, the shortest way to what it prevents. */
export function counterexamplesText(weakened, results) {
  const lines = weakened
    .filter(({ playable }) => playable)
    .map(({ define }) => `${define} ${results.get(define).told}`);
  const head = `# The shortest way to what each condition prevents, made by npm run model: the switch, and the steps.\n# Model ${fingerprint("schedules")}`;
  return `${head}\n${lines.join("\n")}\n`;
}
