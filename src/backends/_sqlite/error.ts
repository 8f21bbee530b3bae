import { ConfigError } from "../../errors.ts";

/** The primary result codes of SQLite that need a message of their own (https://sqlite.org/rescode.html). */
const NAMES: Readonly<Record<number, string>> = {
  5: "BUSY",
  8: "READONLY",
  10: "IOERR",
  11: "CORRUPT",
  13: "FULL",
  14: "CANTOPEN",
  26: "NOTADB",
};

/** The same by the message: often, node:sqlite of Deno has no number. */
const TEXTS: Readonly<Record<string, string>> = {
  "database is locked": "BUSY",
  "attempt to write a readonly database": "READONLY",
  "disk I/O error": "IOERR",
  "database disk image is malformed": "CORRUPT",
  "database or disk is full": "FULL",
  "unable to open database file": "CANTOPEN",
  "file is not a database": "NOTADB",
};

/** Returns SQLite's code without "SQLITE_", whichever driver reported it; "" if the error is not SQLite's. */
function sqliteCode(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { errcode, errno, code } = error as Error & { errcode?: unknown; errno?: unknown; code?: unknown };
  // node:sqlite has the extended number in `errcode`, bun:sqlite in `errno`; better-sqlite3 has its name in `code`.
  const number = errcode ?? errno;
  if (typeof number === "number") return NAMES[number & 0xff] ?? "";
  if (code === "ERR_SQLITE_ERROR") return TEXTS[error.message.split(": ", 1)[0]!] ?? "";
  return typeof code === "string" ? (/^SQLITE_([A-Z]+)/.exec(code)?.[1] ?? "") : "";
}

export function isBusy(error: unknown): boolean {
  return sqliteCode(error) === "BUSY";
}

export function isFull(error: unknown): boolean {
  return sqliteCode(error) === "FULL";
}

/** Returns a ConfigError for an error at the start that says what to do. `place` is the file, or words for the database. */
export function startError(error: unknown, place: string, directoryExists: boolean): ConfigError {
  return new ConfigError("backend", advice(sqliteCode(error), place, directoryExists, error), {
    cause: error,
  });
}

function advice(code: string, place: string, directoryExists: boolean, error: unknown): string {
  switch (code) {
    case "NOTADB":
      return `${place} is not an SQLite database. Name another file, or move this one away.`;
    case "CORRUPT":
      return `${place} is damaged. Restore it from a copy, or move it away to start with an empty one.`;
    case "READONLY":
      return `${place} cannot be written. Give this process write access to the file and to its directory.`;
    case "CANTOPEN":
      return directoryExists
        ? `${place} cannot be opened. It must be a file, and this process needs write access to its directory.`
        : `the directory of ${place} does not exist. Create it first.`;
    case "FULL":
      return `there is no space left to write ${place}. Free some, or name a file on another disk.`;
    case "IOERR":
      return `reading or writing ${place} failed. Is the disk full or broken, or on the network (which does not work)?`;
    case "BUSY":
      return `${place} is locked by another program. Close it, or raise busyTimeout.`;
    default:
      return `${place} cannot be used: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
