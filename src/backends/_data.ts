import type { DataChanges } from "./_contract.ts";

/**
 * The JSON text of one object after these changes. Keys are only ever own members here: `__proto__` and its friends
 * are data like any other key. Throws SyntaxError if `data` is not JSON.
 */
export function mergeData(data: string, changes: DataChanges): string {
  const members = new Map<string, string>();
  for (const [key, value] of Object.entries(JSON.parse(data))) members.set(key, JSON.stringify(value));
  for (const key of changes.unset) members.delete(key);
  for (const [key, text] of changes.set) members.set(key, text);
  return dataText(members);
}

/** The JSON text of an object with these members, each the JSON text of its value. */
export function dataText(members: ReadonlyMap<string, string>): string {
  return `{${Array.from(members, ([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}
