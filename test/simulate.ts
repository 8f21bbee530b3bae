/**
 * `npm run simulate`: plays worlds, each of which follows from its number, and judges every promise by what happened in them. See
 * docs/simulation.md. Exits with 1 if a promise does not hold.
 */
import { parseArgs } from "node:util";
import { findPlants, MOST, plantTable } from "./simulation/find-plants.ts";
import { keep } from "./simulation/kept.ts";
import { judgeTable, write } from "./simulation/page.ts";
import { PLANTS } from "./simulation/plants.ts";
import { replay } from "./simulation/player.ts";
import { Progress } from "./simulation/progress.ts";
import { KINDS } from "./simulation/stores.ts";
import { Thread } from "./simulation/thread.ts";

const HELP = `npm run simulate -- [options]

--worlds 1000    how many worlds to play
--seed 1         the number of the first one
--store NAME     ${Object.keys(KINDS).join(", ")}; default: in turn
--workers 1      threads
--resume FILE    goes on where the run with this file was stopped
--replay SEED    plays one world again and tells what happens in it
--shrink         with --replay: the smallest world in which the same promise does not hold
--plants         plays worlds with each planted fault until a judge notices it
--only WORDS     with --plants: those whose name or file contains this
--judges         puts the table of judges into docs/simulation.md
--write          with --plants: puts their table there
--keep NAME      keeps the smallest world, from --seed on, in which this planted fault is found, in test/simulation/kept`;

/** Worlds that a thread plays before it says what came of them. */
const SIZE = 500;

const { values } = parseArgs({
  options: {
    worlds: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    store: { type: "string" },
    workers: { type: "string", default: "1" },
    resume: { type: "string" },
    replay: { type: "string" },
    shrink: { type: "boolean", default: false },
    judges: { type: "boolean", default: false },
    plants: { type: "boolean", default: false },
    only: { type: "string" },
    write: { type: "boolean", default: false },
    keep: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});

function whole(name: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least) return number;
  console.error(`--${name} takes a whole number from ${least} on`);
  process.exit(2);
}

const { store } = values;
if (store !== undefined && KINDS[store] === undefined) {
  console.error(`--store ${store}: there is ${Object.keys(KINDS).join(", ")}`);
  process.exit(2);
}
if (values.help) console.log(HELP);
else if (values.replay !== undefined) await tell(whole("replay", values.replay, 0));
else if (values.judges) write("judges", judgeTable());
else if (values.plants) await plants();
else if (values.keep !== undefined) await keepOne(values.keep);
else await play();

async function tell(seed: number): Promise<void> {
  const { story, isBroken } = await replay(seed, store, values.shrink);
  console.log(story);
  if (isBroken) process.exitCode = 1;
}

async function plants(): Promise<void> {
  const found = await findPlants(
    values.only,
    whole("workers", values.workers, 1),
    ({ name, store: on, worlds, promise }) =>
      console.log(
        `${promise === undefined ? "NOT FOUND" : promise.padEnd(9)} ${String(worlds).padStart(6)}  ${on}: ${name}`,
      ),
  );
  if (values.write) write("plants", plantTable(found));
  if (found.some(({ promise }) => promise === undefined)) process.exitCode = 1;
}

async function keepOne(name: string): Promise<void> {
  const plant = PLANTS.find((each) => each.name === name);
  if (plant !== undefined && (await keep(plant, whole("seed", values.seed, 0), MOST))) return;
  console.error(plant === undefined ? `There is no plant "${name}"` : "It is not found");
  process.exitCode = 1;
}

async function play(): Promise<void> {
  const [seed, worlds] = [whole("seed", values.seed, 0), whole("worlds", values.worlds, 1)];
  const progress = new Progress({ seed, worlds, size: SIZE, store }, values.resume);
  const queue = progress.left;
  const began = performance.now();
  const before = progress.worlds;
  const work = async (): Promise<void> => {
    const thread = new Thread();
    for (let from = queue.shift(); from !== undefined; from = queue.shift()) {
      progress.done(await thread.play({ from, count: progress.sizeOf(from), store, isOver: false }));
      const text = `${progress.worlds} of ${worlds} worlds, ${progress.requests} requests, ${progress.broken.length} broken`;
      if (process.stdout.isTTY) process.stdout.write(`\r${text}`);
    }
    await thread.stop();
  };
  await Promise.all(Array.from({ length: whole("workers", values.workers, 1) }, work));
  if (process.stdout.isTTY) process.stdout.write("\r");
  const seconds = (performance.now() - began) / 1000;
  const rate = Math.round((progress.worlds - before) / seconds);
  console.log(
    `${progress.worlds} worlds, ${progress.requests} requests, ${progress.broken.length} broken; ${rate} worlds/s; trace ${progress.traces.at(-1)}`,
  );
  for (const { seed: broken, store: on, promise, what } of progress.broken.slice(0, 200))
    console.log(`world ${broken} (${on}): ${promise}: ${what}`);
  if (progress.broken.length === 0) return;
  console.log(`\nTo see one: npm run simulate -- --replay ${progress.broken[0]!.seed} --shrink`);
  process.exitCode = 1;
}
