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
  const edit = (change: (text: string) => string) => async (handle: string) => {
    await client.set(key(handle), change((await client.get(key(handle)))!), { KEEPTTL: true });
  };
  const damage: Open["damage"] = {
    "cut data": edit((text) => text.replace(/\0.*/, '\0{"name":"tell-nobody')),
    "a text as data": edit((text) => text.replace(/\0.*/, '\0"tell-nobody"')),
    "a cut head": edit((text) => text.replace(/\{[^\0]*\0/, '{"idle":28800,\0')),
    "a cut merge": edit((text) => `${text}\0{"name":"tell-nobody`),
    "a cut list of what was removed": edit((text) => `${text}\0["na`),
    "a cut line of fields": edit((text) => text.slice(0, 140)),
    "a cut user": edit((text) => text.replace(/\n.*\n/, '\n"an\n')),
    "no version": edit((text) => text.replace(/^\d{12}/, "")),
    "no data and no head": edit((text) => text.replace(/[^\n]*$/, "")),
    "no text but a hash": async (handle) => {
      await client.del(key(handle));
      await client.hSet(key(handle), "name", "tell-nobody");
    },
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
