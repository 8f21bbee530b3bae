// `npm run mutate`: puts each fault of mutants.js into a copy of the source, and says which test notices it.
import { execFileSync } from "node:child_process";
import { readFileSync, realpathSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { breakFile, makeCopy, problemOf } from "./mutate/copy.js";
import { runVitest } from "./mutate/vitest.js";

const HELP = `npm run mutate -- [options]

Breaks the source in one place at a time, in a copy, and runs tests until one fails: those that depend on the file, then all
others. Prints which mutants are killed, by which test, and which survive. A test kills a mutant if it fails twice with it
and passes without it.

--circle test    npm scripts that are "vitest run" with options; the next one is for what survives the one before:
                 --circle test,test:stores
--only WORDS     only mutants whose name or file contains this
--list FILE      another list than scripts/mutants.js
--workers 1      how many mutants are tried at once
--limit 600      seconds that one run of tests may take; a mutant that takes longer is killed`;

const root = fileURLToPath(new URL("..", import.meta.url));

function parse() {
  const { values } = parseArgs({
    options: {
      circle: { type: "string", default: "test" },
      only: { type: "string" },
      list: { type: "string", default: fileURLToPath(new URL("mutants.js", import.meta.url)) },
      workers: { type: "string", default: "1" },
      limit: { type: "string", default: "600" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  return values;
}

/** What an npm script gives to `vitest run`. */
function argsOf(circle) {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const [, args] = /^vitest run(.*)$/.exec(scripts[circle] ?? "") ?? [];
  if (args === undefined)
    throw new Error(`--circle ${circle}: package.json has no such script that begins with "vitest run".`);
  return args.split(" ").filter(Boolean);
}

/** The test files of a circle, by their path. */
function filesOf(folder, args) {
  const vitest = join(folder, "node_modules", "vitest", "vitest.mjs");
  const list = [vitest, "list", "--filesOnly", ...args, "--json"];
  const files = JSON.parse(execFileSync(process.execPath, list, { cwd: folder, encoding: "utf8" }));
  return [...new Set(files.map(({ file }) => relative(realpathSync(folder), file)))];
}

/** Returns what kills the mutant in a circle, as `{ by, unclear }`, or undefined if it survives. */
async function killerOf(folder, mutant, { args, all }, limit) {
  const run = (command) => runVitest(folder, [...command, ...args], limit);
  const done = new Set();
  const steps = [
    () => ["run", ...all.filter((file) => mutant.tests?.includes(file))],
    () => ["related", "--run", "--passWithNoTests", mutant.file],
    () => ["run", ...all.filter((file) => !done.has(file))],
  ];
  let mend = breakFile(folder, mutant);
  try {
    for (const step of steps) {
      const command = step();
      for (let tries = 1; command.length > 1; tries++) {
        const { passed, ran, failed, late } = await run(command);
        if (late) return { by: `the limit of ${limit} s` };
        for (const file of ran) done.add(file);
        if (passed) break;
        if (failed.length === 0) return { by: "an error outside of the tests" };
        const again = ["run", failed[0].file];
        if ((await run(again)).passed) {
          if (tries < 3) continue;
          return { unclear: true, by: `${describe(failed)}, which passes when it runs again` };
        }
        mend();
        const { passed: passesWithout } = await run(again);
        mend = breakFile(folder, mutant);
        if (passesWithout) return { by: describe(failed) };
        return { unclear: true, by: `${describe(failed)}, which fails without the mutant too` };
      }
    }
    return undefined;
  } finally {
    mend();
  }
}

function describe([{ file, text }, ...more]) {
  return `${file}: ${text}${more.length === 0 ? "" : ` (and ${more.length} more files)`}`;
}

async function main(options) {
  const circles = options.circle.split(",").map((name) => ({ name, args: argsOf(name) }));
  const limit = Number(options.limit);
  const { MUTANTS } = await import(pathToFileURL(resolve(options.list)).href);
  const mutants = MUTANTS.filter(({ name, file }) => `${name} ${file}`.includes(options.only ?? ""));
  const problems = mutants
    .map((mutant) => problemOf(root, mutant))
    .filter((problem) => problem !== undefined);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) return 1;

  const count = Number(options.workers);
  const folders = Array.from({ length: count }, (_, i) => join(root, ".tmp", `mutate-${i}`));
  try {
    for (const folder of folders) makeCopy(root, folder);
    for (const circle of circles) circle.all = filesOf(folders[0], circle.args);
    const fates = new Map();
    const queue = [...mutants];
    const work = async (folder) => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const started = performance.now();
        const { fate, by } = await fateOf(circles, (circle) => killerOf(folder, mutant, circle, limit));
        const seconds = Math.round((performance.now() - started) / 1000);
        fates.set(fate, (fates.get(fate) ?? 0) + 1);
        console.log(`${fate}: ${mutant.name} (${mutant.file}, ${seconds} s)`);
        if (by !== undefined) console.log(`    by ${by}`);
      }
    };
    await Promise.all(folders.map(work));
    console.log(`\n${[...fates].map(([fate, number]) => `${number} ${fate}`).join(", ")}`);
    return 0;
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** What becomes of a mutant in the first circle that notices it. */
async function fateOf(circles, kill) {
  for (const { name, ...circle } of circles) {
    const killer = await kill(circle);
    if (killer !== undefined)
      return { fate: `${killer.unclear ? "UNCLEAR" : "killed"} in ${name}`, by: killer.by };
  }
  return { fate: "SURVIVED" };
}

try {
  const options = parse();
  if (options.help) console.log(HELP);
  else process.exitCode = await main(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
