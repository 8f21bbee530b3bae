import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnyData, Session } from "micropie/core/register";
import { createClient } from "redis";
import { describe, expect, test } from "vitest";
import { createSessions, login, rotate, type SessionData } from "../src/index.ts";
import { type OpenStore, openStore, type StoreSpec } from "./processes/stores.ts";
import { query as queryMariadb } from "./servers/mariadb.ts";
import { onServer } from "./servers/on-server.ts";
import { query as queryPostgres } from "./servers/postgres.ts";

/** Everything that is in the store, as text. */
type Dump = () => Promise<string>;

/** Every cookie that somebody could make of a dump: each run of 48 characters of it, and each 32 after each handle. */
function cookiesIn(dump: string, handles: readonly string[]): Set<string> {
  const cookies = new Set<string>();
  for (const [run] of dump.matchAll(/[\w-]{16,}/g)) {
    for (let at = 0; at + 48 <= run.length; at++) cookies.add(run.slice(at, at + 48));
    for (let at = 0; at + 32 <= run.length; at++)
      for (const handle of handles) cookies.add(handle + run.slice(at, at + 32));
  }
  return cookies;
}

async function replay(store: OpenStore, dump: Dump): Promise<void> {
  const sessions = createSessions<SessionData>({ backend: store.backend });
  const cookies: string[] = [];
  const request = async (
    cookie: string | undefined,
    use: (session: Session<AnyData>) => void,
  ): Promise<void> => {
    const session = await sessions.load(cookie);
    use(session);
    const line = await sessions.commit(session);
    if (line !== undefined) cookies.push(line.split(";", 1)[0]!);
  };
  for (const name of ["ann", "bob"]) {
    await request(undefined, (session) => Object.assign(session, { name }));
    await request(cookies.at(-1), (session) => login(session, name));
    await request(cookies.at(-1), (session) => rotate(session));
  }
  const text = await dump();
  const handles = [...new Set(cookies.map((cookie) => cookie.slice("session_id=".length, 27)))];
  for (const handle of handles) expect(text).toContain(handle);
  expect({ ...(await sessions.load(cookies.at(-1))) }).toEqual({ name: "bob" });
  const found = cookiesIn(text, handles);
  expect(found.size).toBeGreaterThan(50);
  for (const cookie of found)
    expect({ ...(await sessions.load(`session_id=${cookie}`)) }, cookie).toEqual({});
  await sessions.close();
  await store.close();
}

function dumped(title: string, spec: StoreSpec, dump: Dump): void {
  test(`nothing in a dump of ${title}, replayed as a cookie, opens a session`, async () => {
    await replay(await openStore(spec), dump);
  });
}

describe("SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "micropie-"));
  const path = join(folder, "sessions.sqlite");
  dumped("SQLite", { kind: "sqlite", path }, async () => {
    const text = [path, `${path}-wal`].map((file) => readFileSync(file, "latin1")).join("\n");
    rmSync(folder, { recursive: true });
    return text;
  });
});

await onServer("redis", ({ url }) => {
  dumped("Redis", { kind: "redis", url, prefix: "dump:" }, async () => {
    const client = await createClient({ url }).connect();
    const values = [];
    for (const key of await client.keys("dump:*")) {
      const type = await client.type(key);
      values.push(key);
      if (type === "zset") values.push(JSON.stringify(await client.zRange(key, 0, -1)));
      else values.push(await client.get(key));
    }
    client.destroy();
    return values.join("\n");
  });
});

await onServer("postgres", ({ url }) => {
  dumped("PostgreSQL", { kind: "postgres", url, table: "dumped" }, async () =>
    JSON.stringify(await queryPostgres(url, "SELECT * FROM dumped")),
  );
});

await onServer("mariadb", ({ url }) => {
  dumped("MariaDB", { kind: "mysql", url, table: "dumped" }, async () =>
    JSON.stringify(await queryMariadb(url, "SELECT * FROM dumped")),
  );
});
