import { StateError } from "../errors.ts";
import { encodeValue } from "./codec.ts";
import type { Live } from "./live.ts";
import { noteReplaced } from "./state.ts";
import type { Replaced } from "./turn.ts";

/** How many are looked after, so that a request that goes on for long does not gather them. */
const MOST = 32;

/**
 * Notes the objects under these keys, which the session is about to have others in place of: what is changed in them
 * from now on is not stored. `update` and `exclusive` replace what they read anew.
 */
export function replacing(live: Live, keys: readonly string[]): void {
  const data = live.data as Record<string, unknown>;
  const more = keys.flatMap((key): Replaced[] => {
    const value = data[key];
    if (typeof value !== "object" || value === null) return [];
    // What cannot be stored cannot be lost.
    const text = textOf(key, value);
    return text === undefined ? [] : [{ key, value, text }];
  });
  if (more.length > 0) noteReplaced(live, [...(live.turn.replaced ?? []), ...more].slice(-MOST));
}

/** Throws StateError `stale_edit` if one of the objects noted has been changed since, and is not in the session again. */
export function refuseStaleEdits(live: Live): void {
  const { replaced } = live.turn;
  const isOver = (live.phase.is !== "stored" && live.phase.is !== "new") || live.intent.is === "logout";
  if (replaced === undefined || isOver) return;
  for (const { key, value, text } of replaced) {
    if (textOf(key, value) === text || isPartOf(live.data, value)) continue;
    noteReplaced(live, undefined);
    throw new StateError(
      "stale_edit",
      `session.${key} was changed through a reference that was taken before \`update\` or \`exclusive\` read it anew, ` +
        `so the change would be lost. Take it from the session again after the call, or inside the function of exclusive.`,
    );
  }
}

function textOf(key: string, value: object): string | undefined {
  try {
    return encodeValue(key, value);
  } catch {
    return undefined;
  }
}

/** Returns true if the session's data holds the object, or anything in it: then the application has put it back. */
function isPartOf(data: object, value: object): boolean {
  const held = new Set<unknown>();
  collect(data, held);
  const own = new Set<unknown>([value]);
  collect(value, own);
  return [...own].some((part) => held.has(part));
}

function collect(from: object, into: Set<unknown>): void {
  for (const part of from instanceof Map
    ? [...from.entries()].flat()
    : from instanceof Set
      ? from
      : Object.values(from)) {
    if (typeof part !== "object" || part === null || into.has(part)) continue;
    into.add(part);
    collect(part as object, into);
  }
}
