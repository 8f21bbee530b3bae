/** Does this for each item, so many at once. Returns what came of each. */
export async function atOnce(jobs, items, work) {
  const results = [];
  const rest = [...items.entries()];
  const worker = async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const [at, item] = next;
      results[at] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results;
}
