import { DatabaseSync } from "node:sqlite";
import session from "express-session";
import { Redis } from "ioredis";
import { ConfigError, createSessions, InMemorySessionBackend } from "micropie";
import { ConnectStoreSessionBackend } from "micropie/backends/connect-store";
import { D1SessionBackend } from "micropie/backends/d1";
import { DurableObjectSessionBackend } from "micropie/backends/durable-object";
import { DynamoDbSessionBackend } from "micropie/backends/dynamodb";
import { EncryptedSessionBackend } from "micropie/backends/encrypted";
import { MysqlSessionBackend } from "micropie/backends/mysql";
import { PostgresSessionBackend } from "micropie/backends/postgres";
import { RedisSessionBackend } from "micropie/backends/redis";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { UnstorageSessionBackend } from "micropie/backends/unstorage";
import { createPool } from "mysql2/promise";
import pg from "pg";
import { createClient } from "redis";
import { describe, expect, test } from "vitest";

const call = (): void => {};

/** Clients that connect to nothing here, by what the message calls them. */
const CLIENTS: Readonly<Record<string, readonly unknown[]>> = {
  "a URL": ["postgres://localhost/app", "redis://localhost", new URL("mysql://localhost/app")],
  "a promise": [Promise.resolve(new pg.Pool())],
  // The methods that PGlite documents (https://pglite.dev/docs/api).
  "a PGlite": [{ query: call, exec: call, transaction: call, dumpDataDir: call, close: call }],
  "a client of Redis": [createClient(), new Redis({ lazyConnect: true })],
  "a pool of mysql2 or mariadb": [createPool({})],
  "a Pool of pg": [new pg.Pool(), new pg.Client()],
  "an SQLite database": [new DatabaseSync(":memory:")],
  "a SessionBackend": [new InMemorySessionBackend()],
  "a store for express-session": [new session.MemoryStore()],
  "a function": [pg.Pool, createClient, () => new pg.Pool()],
};

const BACKENDS: Readonly<Record<string, { make(client: never): unknown; takes: readonly string[] }>> = {
  PostgresSessionBackend: { make: (client) => new PostgresSessionBackend(client), takes: ["a Pool of pg"] },
  MysqlSessionBackend: {
    make: (client) => new MysqlSessionBackend(client),
    takes: ["a pool of mysql2 or mariadb"],
  },
  SqliteSessionBackend: {
    make: (client) => new SqliteSessionBackend(client),
    takes: ["an SQLite database"],
  },
  RedisSessionBackend: { make: (client) => new RedisSessionBackend(client), takes: ["a client of Redis"] },
  DynamoDbSessionBackend: { make: (client) => new DynamoDbSessionBackend(client), takes: [] },
  D1SessionBackend: { make: (client) => new D1SessionBackend(client), takes: [] },
  DurableObjectSessionBackend: { make: (client) => new DurableObjectSessionBackend(client), takes: [] },
  UnstorageSessionBackend: { make: (client) => new UnstorageSessionBackend(client), takes: [] },
  ConnectStoreSessionBackend: {
    make: (client) => new ConnectStoreSessionBackend(client),
    takes: ["a store for express-session"],
  },
  EncryptedSessionBackend: {
    make: (inner) => new EncryptedSessionBackend(inner, { keys: { k1: new Uint8Array(32).fill(7) } }),
    takes: ["a SessionBackend"],
  },
  createSessions: { make: (backend) => createSessions({ backend }), takes: ["a SessionBackend"] },
};

describe.each(Object.entries(BACKENDS))("%s", (_, { make, takes }) => {
  test.each(Object.entries(CLIENTS))(
    "refuses %s at the start, names it, and says what to pass",
    (kind, all) => {
      for (const client of all) {
        if (takes.includes(kind)) {
          expect(() => make(client as never)).not.toThrow();
          continue;
        }
        let refused: unknown;
        try {
          make(client as never);
        } catch (error) {
          refused = error;
        }
        expect(refused).toBeInstanceOf(ConfigError);
        expect(refused).toMatchObject({ option: "backend" });
        expect((refused as Error).message).toMatch(/takes|Pass a SessionBackend/);
        expect((refused as Error).message).toContain(`This is ${kind}`);
      }
    },
  );
});
