import type { DataChanges } from "./contract.ts";

/** Returns the object in a JSON text; undefined if the text is damaged. The parser's error is dropped: it quotes the text. */
export function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {}
  return undefined;
}

/**
 * Returns the JSON text of an object after these changes; undefined if `data` is damaged. `__proto__` and its like are keys
 * as any other.
 */
export function mergeData(data: string, changes: DataChanges): string | undefined {
  const before = objectIn(data);
  if (before === undefined) return undefined;
  const members = new Map<string, string>();
  for (const [key, value] of Object.entries(before)) members.set(key, JSON.stringify(value));
  for (const key of changes.unset) members.delete(key);
  for (const [key, text] of changes.set) members.set(key, text);
  return dataText(members);
}

/** Returns the JSON text of an object with these members, each given as the JSON text of its value. */
export function dataText(members: ReadonlyMap<string, string>): string {
  return `{${Array.from(members, ([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}
