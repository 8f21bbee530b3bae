import type { SessionRecord } from "../backends/backend.ts";
import { type Publisher, publish } from "./events.ts";
import { plainUser } from "./realm.ts";

/** Thrown by what reads a stored text that is not whole. Its message has nothing of the text, which is somebody's data. */
export class Damaged extends Error {
  constructor(what: string) {
    super(`${what} is damaged`);
    this.name = "Damaged";
  }
}

/**
 * Returns what `read` makes of a record; undefined, with the event `damaged`, if a text in it is damaged. A damaged record
 * is no session, and no reason for an error: an error would come again with every request of its browser, sign-ins among them.
 */
export function unlessDamaged<T>(
  engine: Publisher,
  handle: string,
  record: SessionRecord,
  read: () => T,
): T | undefined {
  try {
    return read();
  } catch (error) {
    return reportDamaged(engine, handle, record, error);
  }
}

/** For `catch`: the same, where a function more would cost each request. */
export function reportDamaged(
  engine: Publisher,
  handle: string,
  record: SessionRecord,
  error: unknown,
): undefined {
  if (!(error instanceof Damaged)) throw error;
  publish(engine, "damaged", { handle, userId: plainUser(record.userId) });
}
