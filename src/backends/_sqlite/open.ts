import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { ConfigError } from "../../errors.ts";
import type { Resolved } from "../../option-names.ts";
import { blockUntilFree } from "./busy.ts";
import { startError } from "./error.ts";
import type { SqliteLike } from "./like.ts";
import type { SqliteOptions } from "./options.ts";
import { Room } from "./room.ts";
import { prepareTable } from "./table.ts";

/**
 * Milliseconds for which SQLite itself may wait, blocking the event loop, on a file that we opened. A write of another
 * process takes less than one; for a longer one, `whenFree` waits without blocking.
 */
const HOLD = 10;

type OpenOptions = Resolved<Pick<SqliteOptions, "table" | "synchronous" | "busyTimeout">>;

/** A file that we opened; `room` is missing if it has no log, as in memory. */
export interface OpenFile {
  readonly db: SqliteLike & { close(): void };
  readonly room: Room | undefined;
}

/** Opens the file and prepares it. Blocks for up to `busyTimeout` while other processes prepare it too. */
export function openFile(path: string, options: OpenOptions): OpenFile {
  let room: Room | undefined;
  let db: (SqliteLike & { close(): void }) | undefined;
  try {
    db = open(path);
    const opened = db;
    opened.exec(`PRAGMA busy_timeout = ${HOLD}`);
    blockUntilFree(options.busyTimeout, () => {
      opened.exec("PRAGMA journal_mode = WAL");
      opened.exec(`PRAGMA synchronous = ${options.synchronous}`);
      prepareTable(opened, options.table);
      const { file } = opened.prepare("SELECT file FROM pragma_database_list").get() as { file: string };
      room = file === "" ? undefined : new Room(opened, file, options.table);
    });
    return { db: opened, room };
  } catch (error) {
    closeQuietly(db);
    if (error instanceof ConfigError) throw error;
    throw startError(error, path, existsSync(dirname(path.replace(/^file:(\/\/)?/, ""))));
  }
}

/** Prepares a database that the user has opened. */
export function prepareHandle(db: SqliteLike, options: OpenOptions): void {
  try {
    blockUntilFree(options.busyTimeout, () => prepareTable(db, options.table));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw startError(error, "the database of this handle", true);
  }
}

function open(path: string): SqliteLike & { close(): void } {
  // Loaded only here: on Node 22 importing it prints a warning, and other runtimes may not have it.
  const sqlite = globalThis.process?.getBuiltinModule?.("node:sqlite");
  if (sqlite === undefined) {
    throw new ConfigError(
      "backend",
      "this runtime has no node:sqlite. Pass an open database instead of a path.",
    );
  }
  return new sqlite.DatabaseSync(path);
}

function closeQuietly(db: { close(): void } | undefined): void {
  try {
    db?.close();
  } catch {
    // The first error says more.
  }
}
