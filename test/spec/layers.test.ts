import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InMemorySessionBackend, type SessionBackend } from "micropie";
import { ConnectStoreSessionBackend } from "micropie/backends/connect-store";
import { MovingSessionBackend } from "micropie/backends/moving";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { type UnstorageLike, UnstorageSessionBackend } from "micropie/backends/unstorage";
import { virtualEnvironment, withClock } from "micropie/testing";
import { describe } from "vitest";
import { TableBackend } from "../../examples/cas-backend.ts";
import { MapBackend } from "../../examples/map-backend.ts";
import { SqlBackend } from "../../examples/sql-backend.ts";
import { driver } from "../_drivers.ts";
import { FileStore, MemoryStore, MemorystoreStore } from "../backends/_connect-stores.ts";
import { encrypted } from "../backends/_encrypted.ts";
import { userBackendWithClock } from "../testing/stores.ts";
import { schedules, three } from "./_schedules.ts";

/** The back-ends of three processes, in a folder that is removed in the end; they take their time from this clock. */
type Open = (folder: string, now: () => number) => readonly SessionBackend[];

/** One that all three use, as servers in one process do. */
const inOneProcess =
  (open: (folder: string) => SessionBackend): Open =>
  (folder, now) => {
    const backend = withClock(open(folder), now);
    return [backend, backend, backend];
  };

const byThree =
  (open: (path: string) => SessionBackend): Open =>
  (folder, now) =>
    three(() => withClock(open(join(folder, "sessions")), now));

const { createStorage } = driver<{ createStorage(options?: object): UnstorageLike }>("unstorage");
const fs = driver<(options: object) => object>("unstorage/drivers/fs-lite");

const LAYERS: Readonly<Record<string, Open>> = {
  "SQLite, by three instances on one file": byThree((path) => new SqliteSessionBackend(path)),
  "the six methods of the example, by three instances on one file": byThree((path) => new TableBackend(path)),
  "the six methods over a Map": inOneProcess(() => new MapBackend()),
  "all methods over raw SQL, by three instances on one file": byThree((path) => new SqlBackend(path)),
  "EncryptedSessionBackend over SQLite, by three instances": byThree((path) =>
    encrypted(new SqliteSessionBackend(path)),
  ),
  "EncryptedSessionBackend over memory, by three that remember nothing": (_, now) => {
    const inner = withClock(new InMemorySessionBackend(), now);
    return three(() => encrypted(inner, { cacheBytes: 0 }));
  },
  "EncryptedSessionBackend over two methods": (_, now) => {
    const backend = encrypted(userBackendWithClock(now));
    return [backend, backend, backend];
  },
  // One process does not move anything yet, and all sessions begin there.
  "MovingSessionBackend from memory to SQLite": (folder, now) => {
    const from = withClock(new InMemorySessionBackend(), now);
    const to = () => withClock(new SqliteSessionBackend(join(folder, "sessions")), now);
    const moves = (move: boolean) => new MovingSessionBackend({ from, to: to(), move });
    return [moves(false), moves(true), moves(true)];
  },
  "ConnectStoreSessionBackend over MemoryStore": inOneProcess(
    () => new ConnectStoreSessionBackend(new MemoryStore()),
  ),
  "ConnectStoreSessionBackend over memorystore": inOneProcess(
    () => new ConnectStoreSessionBackend(new MemorystoreStore({})),
  ),
  "ConnectStoreSessionBackend over session-file-store": inOneProcess(
    (path) =>
      new ConnectStoreSessionBackend(new FileStore({ path, retries: 0, reapInterval: -1, logFn: () => {} })),
  ),
  "UnstorageSessionBackend over the memory driver": inOneProcess(
    () => new UnstorageSessionBackend(createStorage()),
  ),
  "UnstorageSessionBackend over files": inOneProcess(
    (base) => new UnstorageSessionBackend(createStorage({ driver: fs({ base }) })),
  ),
};

for (const [name, open] of Object.entries(LAYERS)) {
  describe(name, () => {
    schedules(() => {
      const clock = virtualEnvironment();
      const folder = mkdtempSync(join(tmpdir(), "micropie-"));
      const backends = open(folder, clock.now);
      return {
        backends,
        ends: undefined,
        advance: (seconds) => clock.advance(seconds),
        async close() {
          for (const each of new Set(backends)) await each.close();
          rmSync(folder, { recursive: true });
        },
      };
    });
  });
}
