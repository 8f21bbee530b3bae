// `npm run mutate`: puts each fault of mutants.js into a copy of the source, and says which test notices it.
import { execFileSync } from "node:child_process";
import { readFileSync, realpathSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { breakFile, makeCopy, problemOf } from "./mutate/copy.js";
import { runVitest } from "./mutate/vitest.js";

const HELP = `npm run mutate -- [options]

Breaks the source in one place at a time, in a copy, and runs the tests that depend on the file, then all others of the
circle, until one fails. Prints which mutants are killed, by which test file, and which survive.

--circle test    the npm script whose tests run: "vitest run" with options
--only WORDS     only mutants whose name or file contains this
--list FILE      another list than scripts/mutants.js
--workers 1      how many mutants are tried at once
--limit 600      seconds that one run of tests may take; a mutant that takes longer is killed
--no-baseline    do not run the tests without a mutant first`;

const root = fileURLToPath(new URL("..", import.meta.url));

function parse() {
  const { values } = parseArgs({
    options: {
      circle: { type: "string", default: "test" },
      only: { type: "string" },
      list: { type: "string", default: fileURLToPath(new URL("mutants.js", import.meta.url)) },
      workers: { type: "string", default: "1" },
      limit: { type: "string", default: "600" },
      "no-baseline": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  return values;
}

/** What the npm script gives to `vitest run`. */
function argsOf(circle) {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const [, args] = /^vitest run(.*)$/.exec(scripts[circle] ?? "") ?? [];
  if (args === undefined)
    throw new Error(`--circle ${circle}: package.json has no such script that begins with "vitest run".`);
  return args.split(" ").filter(Boolean);
}

/** The test files of the circle, by their path. */
function filesOf(folder, circle) {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "list", "--filesOnly", ...circle, "--json"];
  const list = JSON.parse(execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8" }));
  return [...new Set(list.map(({ file }) => relative(realpathSync(folder), file)))];
}

/** Returns what killed the mutant that is in the folder, or undefined if it survives. */
async function killerOf(folder, mutant, { circle, all, limit }) {
  const done = new Set();
  const steps = [
    () => ["run", ...(mutant.tests ?? [])],
    () => ["related", "--run", "--passWithNoTests", mutant.file],
    () => ["run", ...all.filter((file) => !done.has(file))],
  ];
  for (const step of steps) {
    const command = step();
    if (command.length === 1) continue;
    for (let tries = 1; ; tries++) {
      const { passed, ran, failed, late } = await runVitest(folder, [...command, ...circle], limit);
      for (const file of ran) done.add(file);
      if (passed) break;
      if (late) return `the limit of ${limit} s`;
      if (failed.length === 0) return "an error outside of the tests";
      // A test that fails only once is not what notices the mutant.
      const again = await runVitest(folder, ["run", failed[0].file, ...circle], limit);
      if (!again.passed) return describe(failed);
      if (tries === 3) return `nothing for certain: ${describe(failed)} (failed only once)`;
    }
  }
  return undefined;
}

function describe([{ file, text }, ...more]) {
  return `${file}: ${text}${more.length === 0 ? "" : ` (and ${more.length} more files)`}`;
}

async function main(options) {
  const circle = argsOf(options.circle);
  const limit = Number(options.limit);
  const { MUTANTS } = await import(pathToFileURL(resolve(options.list)).href);
  const mutants = MUTANTS.filter(({ name, file }) => `${name} ${file}`.includes(options.only ?? ""));
  const wrong = mutants
    .map((mutant) => ({ mutant, problem: problemOf(root, mutant) }))
    .filter((each) => each.problem);
  for (const { mutant, problem } of wrong) console.error(`${mutant.name}: ${problem}`);
  if (wrong.length > 0) return 1;

  const folders = Array.from({ length: Number(options.workers) }, (_, i) =>
    join(root, ".tmp", `mutate-${i}`),
  );
  try {
    for (const folder of folders) makeCopy(root, folder);
    const all = filesOf(folders[0], circle);
    if (!options["no-baseline"]) {
      const { passed, failed } = await runVitest(folders[0], ["run", ...circle], limit);
      if (!passed) {
        console.error(
          `The tests fail without a mutant: ${failed.length > 0 ? describe(failed) : "they did not end"}`,
        );
        return 1;
      }
    }
    const queue = [...mutants];
    const survivors = [];
    const work = async (folder) => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const started = performance.now();
        const mend = breakFile(folder, mutant);
        const killer = await killerOf(folder, mutant, { circle, all, limit });
        mend();
        if (killer === undefined) survivors.push(mutant);
        const seconds = ((performance.now() - started) / 1000).toFixed(0);
        console.log(
          `${killer === undefined ? "SURVIVED" : "killed  "}  ${mutant.name} (${mutant.file}, ${seconds} s)`,
        );
        if (killer !== undefined) console.log(`            by ${killer}`);
      }
    };
    await Promise.all(folders.map(work));
    console.log(
      `\n${mutants.length - survivors.length} of ${mutants.length} killed by npm run ${options.circle}`,
    );
    return 0;
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

try {
  const options = parse();
  if (options.help) console.log(HELP);
  else process.exitCode = await main(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
