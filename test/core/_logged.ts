import { inspect } from "node:util";

/** What a log has of an error, whoever writes it: all own properties, causes included, and what `util.inspect` shows. */
export function logged(error: unknown): string {
  const seen = new Set<unknown>();
  const all = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null || seen.has(value)) return value;
    seen.add(value);
    return Object.fromEntries(
      Reflect.ownKeys(value).map((key) => [String(key), all(Reflect.get(value, key))]),
    );
  };
  return JSON.stringify(all(error)) + inspect(error, { depth: 20, showHidden: true });
}
