import { DatabaseSync } from "node:sqlite";
import { InMemorySessionBackend, type LoadSave, type SessionBackend, type SessionData } from "micropie";
import { toBackend } from "micropie/backends/backend";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { withClock } from "micropie/testing";

/** A back-end as a user writes it: two methods over some store that answers later. */
export function userBackend(now: () => number, delay: () => Promise<unknown> = async () => {}): LoadSave {
  const rows = new Map<string, { text: string; until: number }>();
  return {
    async load(id) {
      await delay();
      const row = rows.get(id);
      return row && row.until > now() ? (JSON.parse(row.text) as SessionData) : {};
    },
    async save(id, data, timeout) {
      const text = JSON.stringify(data);
      await delay();
      if (timeout <= 0 || text === "{}") rows.delete(id);
      else rows.set(id, { text, until: now() + timeout });
    },
  };
}

/** The same with a clock that the test moves, for which an object of two methods has no place. */
export function userBackendWithClock(now: () => number, delay?: () => Promise<unknown>): SessionBackend {
  const backend = toBackend(userBackend(now, delay));
  backend.now = now;
  return backend;
}

/** Every kind of store that these tests run on, by name. */
export const stores: Record<string, (now: () => number) => SessionBackend> = {
  memory: (now) => withClock(new InMemorySessionBackend(), now),
  SQLite: (now) => withClock(new SqliteSessionBackend(new DatabaseSync(":memory:")), now),
  "two methods": (now) => userBackendWithClock(now),
};
