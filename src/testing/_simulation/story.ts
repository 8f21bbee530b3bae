import type { Judged } from "./judged.ts";

/** Returns what happened in a world, in sentences: how it was set up, each event with its time, and what did not hold. */
export function storyOf({ history: { plan }, journal, violations }: Judged): string {
  const { seed, servers, clients, settings, weather } = plan;
  const { perUser, onLimit, idle, absolute, grace } = settings;
  const limit = perUser === undefined ? "" : `, ${perUser} sessions per user (${onLimit})`;
  const faults = `${percent(weather.lost)} of all calls are lost, ${percent(weather.unanswered)} of all answers, ${percent(weather.late)} are late`;
  return [
    `World ${seed}: ${servers} servers, ${clients} clients, idle ${idle} s, absolute ${absolute} s, grace ${grace} s${limit}; ${faults}.`,
    ...journal.lines,
    ...violations.map(({ promise, rule, what }) => `${promise} does not hold (${rule}): ${what}.`),
    `Trace ${journal.trace}.`,
  ].join("\n");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
