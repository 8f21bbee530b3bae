import type { DataChanges } from "./contract.ts";

/**
 * Returns the JSON text of an object after these changes. `__proto__` and its like are keys as any other.
 * Throws SyntaxError if `data` is not JSON.
 */
export function mergeData(data: string, changes: DataChanges): string {
  const members = new Map<string, string>();
  for (const [key, value] of Object.entries(JSON.parse(data))) members.set(key, JSON.stringify(value));
  for (const key of changes.unset) members.delete(key);
  for (const [key, text] of changes.set) members.set(key, text);
  return dataText(members);
}

/** Returns the JSON text of an object with these members, each given as the JSON text of its value. */
export function dataText(members: ReadonlyMap<string, string>): string {
  return `{${Array.from(members, ([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}
