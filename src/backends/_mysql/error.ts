/** The errors of the server that we tell apart (https://mariadb.com/docs/server/reference/error-codes). */
const CODES = {
  accessDenied: 1044,
  noDatabase: 1046,
  unknownDatabase: 1049,
  unknownColumn: 1054,
  duplicate: 1062,
  commandDenied: 1142,
  missingTable: 1146,
  changedSinceRead: 1020,
  deadlock: 1213,
  prepareAgain: 1615,
} as const;

/** What went wrong, in a word; undefined if it was nothing of the above. */
export function kindOf(error: unknown): keyof typeof CODES | undefined {
  const { errno } = Object(error) as { errno?: unknown };
  return (Object.keys(CODES) as (keyof typeof CODES)[]).find((kind) => CODES[kind] === errno);
}

export function isMissingTable(error: unknown): boolean {
  return kindOf(error) === "missingTable";
}

export function isDuplicate(error: unknown): boolean {
  return kindOf(error) === "duplicate";
}

/** Whether the server gave way to others, and did nothing. */
export function isUndone(error: unknown): boolean {
  const kind = kindOf(error);
  return kind === "deadlock" || kind === "changedSinceRead" || kind === "prepareAgain";
}
