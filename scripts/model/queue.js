import { availableParallelism } from "node:os";

/** Does this for each item, as many at once as there are processors, of which it takes two at most. Returns what came of each. */
export async function atOnce(items, work) {
  const results = [];
  const rest = [...items.entries()];
  const worker = async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const [at, item] = next;
      results[at] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
  return results;
}
