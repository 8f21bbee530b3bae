import { InMemorySessionBackend } from "micropie";
import { CasStore, SimulatedCas } from "./cas-store.ts";
import type { Kind } from "./kind.ts";
import { moving } from "./moving.ts";
import { PostgresModel } from "./postgres-model.ts";
import type { Index } from "./redis-index.ts";
import { type Notes, RedisModel } from "./redis-model.ts";
import { Rows } from "./rows.ts";
import { sqliteStore } from "./sqlite-store.ts";

const SINGLE = {
  memory: {
    create: () => new InMemorySessionBackend(),
    abilities: { servers: 3, ownClock: true, copies: false, scans: true },
  },
  SQLite: {
    create: sqliteStore,
    abilities: { servers: 3, ownClock: true, copies: false, scans: true },
  },
  cas: {
    create() {
      const store = new CasStore();
      return { open: (place) => new SimulatedCas(store, place), copy: () => store.copy() };
    },
    abilities: { servers: 3, ownClock: false, copies: true, scans: true },
  },
  PostgreSQL: {
    create(environment) {
      const rows = new Rows(environment);
      return { open: (place) => new PostgresModel(rows, place), copy: () => rows.copy() };
    },
    abilities: { servers: 3, ownClock: true, copies: true, scans: true },
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
    abilities: { servers: 3, ownClock: true, copies: true, scans: true },
  },
} satisfies Record<string, Kind>;

/** Every kind of store that the worlds of `npm run simulate` take turns with. */
export const KINDS: Readonly<Record<string, Kind>> = {
  ...SINGLE,
  "memory to SQLite": moving(SINGLE.memory, SINGLE.SQLite),
  "cas to PostgreSQL": moving(SINGLE.cas, SINGLE.PostgreSQL),
  "PostgreSQL to Redis": moving(SINGLE.PostgreSQL, SINGLE.Redis),
};

const NAMES = Object.keys(KINDS);

/** The kind of store that the world of this seed has. */
export function kindOf(seed: number): string {
  return NAMES[seed % NAMES.length]!;
}
