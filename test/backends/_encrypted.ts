import { randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { LoadSave, SessionBackend, SessionRecord } from "micropie/backends/backend";
import { EncryptedSessionBackend } from "micropie/backends/encrypted";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { DataError } from "micropie/errors";

export type Keys = Record<string, Uint8Array>;

const key = randomBytes(32);

/** The wrapper around a back-end, with the one key of this process. */
export function encrypted(inner: SessionBackend | LoadSave, more?: object): EncryptedSessionBackend {
  return new EncryptedSessionBackend(inner, { keys: { k1: key }, ...more });
}

/** A store, processes that share it, and somebody who has the store but no key. */
export class SealedStore {
  readonly #database = new DatabaseSync(":memory:");
  readonly inner: SqliteSessionBackend = new SqliteSessionBackend(this.#database);

  /** A process: it remembers nothing of what others did. */
  process(keys: Keys, more: object = {}): EncryptedSessionBackend {
    return new EncryptedSessionBackend(this.inner, { keys, ...more });
  }

  /** What is stored for each key. */
  sealed(handle = "a"): Record<string, string> {
    return dataIn(this.inner, handle) as Record<string, string>;
  }

  /** Writes this as the whole data of the stored record. */
  plant(data: string | object, handle = "a"): void {
    const text = typeof data === "string" ? data : JSON.stringify(data);
    this.#database.prepare("UPDATE sessions SET data = ? WHERE handle = ?").run(text, handle);
  }
}

export function recordIn(backend: SessionBackend, handle = "a"): SessionRecord {
  return backend.read(handle) as SessionRecord;
}

export function dataIn(backend: SessionBackend, handle = "a"): unknown {
  return JSON.parse(recordIn(backend, handle).data);
}

/** The DataError that this throws. */
export function refusalOf(run: () => unknown): DataError {
  let answer: unknown;
  try {
    answer = run();
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
  throw new Error(`opened: ${JSON.stringify(answer)}`);
}
