/** Returns what a store is, for people: "Redis" for a RedisSessionBackend. */
export function storeName({ constructor: { name } }: object): string {
  return name.replace(/SessionBackend$/, "") || name;
}
