import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InMemorySessionBackend } from "micropie";
import type { NewRecord, SessionBackend } from "micropie/backends/backend";
import { MovingSessionBackend } from "micropie/backends/moving";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { backendSuite } from "micropie/testing";
import { describe, test } from "vitest";

/** A store; `open` returns it as one process has it. */
interface Store {
  open(): SessionBackend;
  remove?(): void;
}

function memory(): Store {
  const backend = new InMemorySessionBackend();
  return { open: () => backend };
}

function sqlite(): Store {
  const folder = mkdtempSync(join(tmpdir(), "micropie-moving-"));
  return {
    open: () => new SqliteSessionBackend(join(folder, "sessions.sqlite")),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** A process that moves sessions, all of which begin in the source, so that each one moves when it is used. */
class FromTheSource extends MovingSessionBackend {
  readonly #source: SessionBackend;

  constructor(from: SessionBackend, to: SessionBackend) {
    super({ from, to });
    this.#source = new MovingSessionBackend({ from, to, move: false });
  }

  override create(handle: string, record: NewRecord): Promise<boolean> {
    return this.#source.create(handle, record) as Promise<boolean>;
  }
}

const kinds = {
  "from memory to SQLite, that moves what it uses": {
    stores: [memory, sqlite],
    make: (from: SessionBackend, to: SessionBackend) => new FromTheSource(from, to),
  },
  "from SQLite to memory, that moves nothing yet": {
    stores: [sqlite, memory],
    make: (from: SessionBackend, to: SessionBackend) => new MovingSessionBackend({ from, to, move: false }),
  },
} as const;

for (const [kind, { stores, make }] of Object.entries(kinds)) {
  describe(`MovingSessionBackend ${kind}`, () => {
    const create = () => {
      const [from, to] = [stores[0](), stores[1]()];
      // Another process moves what it uses.
      const another = () => new MovingSessionBackend({ from: from.open(), to: to.open() });
      const close = () => {
        for (const store of [from, to]) store.remove?.();
      };
      return { backend: make(from.open(), to.open()), another, close };
    };
    for (const { name, run } of backendSuite({ create })) test(name, run);
  });
}
