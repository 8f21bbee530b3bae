import { performance } from "node:perf_hooks";
import type { Site } from "./site.ts";
import { type Answer, Visitor } from "./visitor.ts";

/** Milliseconds from the store's return to the first answer that is 200 again, and the answers of each kind. */
export interface Outcome {
  readonly recovery: number;
  readonly answers: readonly Answer[];
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

export interface Plan {
  /** Requests per second, of all visitors together. */
  readonly rate: number;
  /** Seconds before the fault, while it lasts, and after it. */
  readonly before: number;
  readonly during: number;
  readonly after: number;
  readonly begin: () => unknown;
  readonly end: () => unknown;
}

/**
 * Ten visitors use the site while the store has a fault; each checks every answer. During the fault three of them log
 * out. At the end all is checked once more.
 */
export async function traffic(site: Site, plan: Plan): Promise<Outcome> {
  const visitors = Array.from({ length: 10 }, () => new Visitor(site));
  await Promise.all(visitors.map((visitor) => visitor.arrive()));
  let running = true;
  const interval = (visitors.length * 1000) / plan.rate;
  const use = async (visitor: Visitor, n: number): Promise<void> => {
    await pause((interval * n) / visitors.length);
    while (running) {
      const next = performance.now() + interval;
      await visitor.use();
      await pause(Math.max(0, next - performance.now()));
    }
  };
  const stayers = visitors.slice(3).map(use);
  const leavers = visitors.slice(0, 3).map(async (visitor) => {
    await pause((plan.before + plan.during * Math.random()) * 1000);
    while (running) {
      await visitor.logOut();
      await pause(interval);
    }
  });
  const all = Promise.all([...stayers, ...leavers]);
  // Seen below; until then a failure must not end the process.
  all.catch(() => {});
  try {
    await pause(plan.before * 1000);
    await plan.begin();
    await pause(plan.during * 1000);
  } finally {
    await plan.end();
  }
  const back = performance.now();
  await pause(plan.after * 1000);
  running = false;
  await all;
  for (const visitor of visitors) await visitor.check();
  const answers = visitors.flatMap((visitor) => visitor.answers);
  const first = answers.filter(({ at, status }) => at > back && status === 200).map(({ at }) => at);
  return { recovery: Math.min(...first) - back, answers };
}
