/** Runs probes against a contender. */
import { setTimeout as sleep } from "node:timers/promises";
import { PROBES } from "./probes.js";
import { Site } from "./site.js";

const LIMIT = 20_000;

/**
 * Answers `{ pass, fact, byHand }` for each probe by name. `pass` is undefined where a probe does not apply, and `fact`, then
 * in the contender's own words (`without`), says why. `byHand`
 * names the call that makes the probe pass if every handler makes it, where a library's documents offer one.
 */
export async function runProbes(contender, probes = PROBES) {
  // What takes long, and none of the probes' time: a framework builds its site.
  await contender.prepare?.();
  const outcomes = {};
  for (const probe of probes) {
    const reason = contender.without?.[probe.name];
    if (reason !== undefined) {
      outcomes[probe.name] = { pass: undefined, fact: reason };
      continue;
    }
    const outcome = await runProbe(contender, probe, false);
    const call = contender.byHand?.[probe.name];
    if (outcome.pass === false && call !== undefined) {
      const { pass } = await runProbe(contender, probe, true);
      if (pass) outcome.byHand = call;
    }
    outcomes[probe.name] = outcome;
  }
  return outcomes;
}

async function runProbe(contender, probe, byHand) {
  const late = new AbortController();
  const limit = sleep(LIMIT, undefined, { signal: late.signal }).then(
    () => ({ pass: false, fact: "no end", error: `no end after ${LIMIT / 1000} seconds` }),
    () => {},
  );
  try {
    return await Promise.race([
      Site.open(contender, { ...probe.settings, byHand }, (site) => probe.run(site)),
      limit,
    ]);
  } catch (error) {
    return { pass: false, fact: "broken", error: String(error?.stack ?? error) };
  } finally {
    late.abort();
  }
}
