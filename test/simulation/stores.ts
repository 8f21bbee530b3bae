import { DatabaseSync } from "node:sqlite";
import { InMemorySessionBackend } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { overNetwork } from "micropie/testing/_simulation/link";
import type { Abilities } from "micropie/testing/_simulation/planned";
import type { CreateSimulated } from "micropie/testing/simulation";
import { CasStore, SimulatedCas } from "./cas-store.ts";
import { PostgresModel } from "./postgres-model.ts";
import { type Index, type Notes, RedisModel } from "./redis-model.ts";
import { Rows } from "./rows.ts";

/** A kind of store to simulate, and what may happen to it. */
export interface Kind {
  readonly create: CreateSimulated;
  readonly abilities: Abilities;
}

/** Every kind of store that the worlds of `npm run simulate` take turns with. */
export const KINDS: Readonly<Record<string, Kind>> = {
  memory: {
    create: () => new InMemorySessionBackend(),
    abilities: { servers: 3, ownClock: true, copies: false },
  },
  SQLite: {
    create(environment) {
      const database = new DatabaseSync(":memory:");
      return {
        open(place) {
          const backend = new SqliteSessionBackend(database);
          backend.environment = environment;
          // Its channel tells what other connections do, and all servers have this one.
          backend.listen = () => undefined as never;
          return overNetwork(backend, place);
        },
        close: () => database.close(),
      };
    },
    abilities: { servers: 3, ownClock: true, copies: false },
  },
  cas: {
    create() {
      const store = new CasStore();
      return { open: (place) => new SimulatedCas(store, place), copy: () => store.copy() };
    },
    abilities: { servers: 3, ownClock: false, copies: true },
  },
  PostgreSQL: {
    create(environment) {
      const rows = new Rows(environment);
      return { open: (place) => new PostgresModel(rows, place), copy: () => rows.copy() };
    },
    abilities: { servers: 3, ownClock: true, copies: true },
  },
  Redis: {
    create(environment) {
      const rows = new Rows<Notes>(environment);
      const index: Index = new Map();
      let clients = 0;
      return {
        open: (place) => new RedisModel(rows, index, place, `client ${clients++}`),
        copy: () => rows.copy(),
      };
    },
    abilities: { servers: 3, ownClock: true, copies: true },
  },
};

const NAMES = Object.keys(KINDS);

/** The kind of store that the world of this seed has. */
export function kindOf(seed: number): string {
  return NAMES[seed % NAMES.length]!;
}
