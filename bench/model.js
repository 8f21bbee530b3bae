/**
 * `npm run model`: what stores with 100 million live sessions go through, calculated from the costs that bench:scale has measured, and
 * the same story played at 1:1000 on a Redis Cluster and PostgreSQL. Writes docs/scaling.svg and a table. See README.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { machine } from "./lib/machine.js";
import { machineText, number, table } from "./lib/markdown.js";
import { writeSection } from "./lib/section.js";
import { picture } from "./model/picture.js";
import { recoveryOf, STORY, simulate } from "./model/population.js";
import { play } from "./model/real.js";

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    "no-run": { type: "boolean", default: false },
    "no-report": { type: "boolean", default: false },
  },
});
const { stores } = JSON.parse(readFileSync(new URL("results/scale.json", import.meta.url), "utf8"));

const LIFE = { idle: 28_800, requests: 30, changes: 0.1, touchThrottle: 3600 };
const LIVE = 100_000_000;
/** Shards, shards in the run, and the cores of one that may be used. */
const NAMES = { redis: ["Redis", 8, 3, 0.8], postgres: ["PostgreSQL", 1, 1, 0.8 * 16] };

/** What one step costs the store, in µs: a change is what a read and write costs more than a read. */
function costsOf(label) {
  const { read, write } = stores.find((store) => store.label === label);
  const change = write.store - read.store;
  return { read: read.store, change, touch: change, end: 3 * change, signIn: 3 * change };
}

const rows = [];
const panels = [];
for (const [name, [label, shards, realShards, capacity]] of Object.entries(NAMES)) {
  if (options.only !== undefined && options.only !== name) continue;
  const costs = costsOf(label);
  // One primary: there is no other to take over.
  const story = name === "redis" ? STORY : { ...STORY, failover: { at: 0, seconds: 0 } };
  for (const touchThrottle of [60, 3600]) {
    const one = simulate({ ...LIFE, touchThrottle, sessions: LIVE, shards, costs, story, capacity });
    rows.push([
      `${label}, ${shards} shard${shards === 1 ? "" : "s"}, touchThrottle ${touchThrottle}`,
      Math.round(one.rate).toLocaleString("en-US"),
      number(one.seconds[0].cores),
      number(Math.max(...one.seconds.map(({ cores }) => cores))),
      Math.round(one.seconds.reduce((sum, { refused }) => sum + refused, 0)).toLocaleString("en-US"),
      Number.isFinite(one.recovery) ? `${one.recovery} s` : "not within the story",
    ]);
  }
  if (options["no-run"]) continue;
  const small = { ...LIFE, sessions: LIVE / 1000 };
  const model = simulate({ ...small, shards: realShards, costs, story });
  console.error(`playing the story on ${label}: ${STORY.seconds} s after making ${small.sessions} sessions`);
  const real = await play(name, small);
  panels.push({ label, model: model.seconds, real: real.seconds });
  const sum = (seconds) => Math.round(seconds.reduce((all, { refused }) => all + refused, 0));
  console.log(
    `${label} at 1:1000: refused ${sum(model.seconds)} (model), ${sum(real.seconds)} (measured); ` +
      `recovered after ${model.recovery} s (model), ${recoveryOf(real.seconds)} s (measured)`,
  );
}

const text = table(
  [
    "100 million live sessions",
    "requests/s",
    "cores of a shard",
    "at most",
    "503s in the story",
    "recovered after",
  ],
  rows,
);
console.log(text);
if (options.only === undefined && !options["no-report"]) {
  const marks = [
    { at: STORY.failover.at, name: "a primary lost" },
    { at: STORY.logout.at, name: "5 % logged out" },
    { at: STORY.outage.at, name: "all down, 15 s" },
  ];
  const title = "A lost primary, a mass logout, an outage: 100,000 sessions";
  if (panels.length > 0)
    writeFileSync(new URL("../docs/scaling.svg", import.meta.url), picture({ title, panels, marks }));
  writeSection(
    "model",
    `Taken on ${new Date().toISOString().slice(0, 10)}: ${machineText(machine())}.\n\n${text}`,
    "scaling",
  );
}
