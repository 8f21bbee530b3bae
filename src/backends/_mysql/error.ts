/** The errors of the server that are handled (https://mariadb.com/docs/server/reference/error-codes). */
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

/** Returns the kind of an error; undefined if it is none of the above. */
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

/** Returns whether the server did nothing, because others came first. */
export function isUndone(error: unknown): boolean {
  const kind = kindOf(error);
  return kind === "deadlock" || kind === "changedSinceRead" || kind === "prepareAgain";
}
