import { InMemorySessionBackend } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { describe, test } from "vitest";
import { dbscSuite } from "./_cases.ts";

const STORES = {
  memory: () => ({ backend: new InMemorySessionBackend() }),
  SQLite: () => ({ backend: new SqliteSessionBackend(":memory:") }),
};

describe.each(Object.entries(STORES))("sessions bound to devices in %s", (_, create) => {
  for (const { name, run } of dbscSuite({ create })) test(name, run);
});
