import { createClient } from "redis";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { openStore, type StoreSpec } from "../processes/stores.ts";
import { query as queryMariadb } from "../servers/mariadb.ts";
import { onServer } from "../servers/on-server.ts";
import { query as queryPostgres } from "../servers/postgres.ts";
import { damageTable, type Open, onDamaged } from "./_damaged.ts";
import { ask } from "./_memcached.ts";

const TABLE = ["cut data", "a text as data", "a cut head"];

async function open(spec: StoreSpec): Promise<Open["backend"]> {
  const { backend, close } = await openStore(spec);
  onTestFinished(async () => {
    await backend.close();
    await close();
  });
  return backend;
}

/** The statement with its values in it, as the tests' own clients take it. */
function filled(sql: string, ...values: string[]): string {
  return values.reduce((text, value) => text.replace("?", () => `'${value}'`), sql);
}

await onServer("redis", ({ url }) => {
  const client = createClient({ url });
  beforeAll(async () => void (await client.connect()));
  afterAll(() => client.destroy());
  const key = (handle: string): string => `damaged:${handle}`;
  const damage: Open["damage"] = {
    "cut data": (handle) => client.hSet(key(handle), "d", '{"name":"tell-nobody'),
    "a text as data": (handle) => client.hSet(key(handle), "d", '"tell-nobody"'),
    "a cut head": (handle) => client.hSet(key(handle), "h", '{"idle":28800,'),
    "a cut merge": (handle) => client.hSet(key(handle), { m: "1", '+"name"': '"tell-nobody' }),
    "a cut name of a merge": (handle) => client.hSet(key(handle), { m: "1", '+"na': '"tell-nobody' }),
    "a cut line of fields": (handle) => client.hSet(key(handle), "r", "0 179"),
    "a cut user": (handle) => client.hSet(key(handle), "u", '1795963973 "an'),
    "no version": (handle) => client.hDel(key(handle), "v"),
    "no data and no head": (handle) => client.hDel(key(handle), ["d", "h"]),
    "something else": (handle) => client.set(key(handle), "tell-nobody"),
  };
  onDamaged("Redis", Object.keys(damage), async () => {
    return { backend: await open({ kind: "redis", url, prefix: "damaged:" }), damage };
  });
});

await onServer("postgres", ({ url }) => {
  // Its type `json` takes no cut text.
  onDamaged("PostgreSQL", ["a text as data", "a cut head"], async () => {
    const backend = await open({ kind: "postgres", url, table: "damaged" });
    return { backend, damage: damageTable("damaged", (...given) => queryPostgres(url, filled(...given))) };
  });
});

await onServer("mariadb", ({ url }) => {
  onDamaged("MariaDB", TABLE, async () => {
    const backend = await open({ kind: "mysql", url, table: "damaged" });
    return { backend, damage: damageTable("damaged", (...given) => queryMariadb(url, filled(...given))) };
  });
});

await onServer("memcached", ({ port }) => {
  const set = (text: string) => (handle: string) =>
    ask(port, `set damaged:${handle} 0 60 ${Buffer.byteLength(text)}\r\n${text}`);
  const damage = {
    "a cut record": set('{"data":"{\\"name\\":\\"tell-nobody'),
    "a text": set('"tell-nobody"'),
    nothing: set(""),
  };
  onDamaged("memcached", Object.keys(damage), async () => {
    return {
      backend: await open({ kind: "memcached", host: "127.0.0.1", port, prefix: "damaged:" }),
      damage,
    };
  });
});
