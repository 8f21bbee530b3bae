import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSessions } from "micropie";
import { CasSessionBackend, type Found, type Keys } from "micropie/backends/cas";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { ConfigError } from "micropie/errors";
import { backendSuite, virtualEnvironment } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { handleOf, newRecord } from "./_records.ts";

/** A store with compare-and-swap that can list its keys. */
class ListingBackend extends CasSessionBackend<string> {
  readonly texts = new Map<string, string>();

  get(key: string): Found<string> | undefined {
    const text = this.texts.get(key);
    return text === undefined ? undefined : { text, mark: text };
  }
  add(key: string, text: string): boolean {
    if (this.texts.has(key)) return false;
    this.texts.set(key, text);
    return true;
  }
  replace(key: string, text: string, _seconds: number, mark: string): boolean {
    if (this.texts.get(key) !== mark) return false;
    this.texts.set(key, text);
    return true;
  }
  set(key: string, text: string): void {
    this.texts.set(key, text);
  }
  remove(key: string, mark: string): boolean {
    return this.texts.get(key) === mark && this.texts.delete(key);
  }
  take(key: string): string | undefined {
    const text = this.texts.get(key);
    this.texts.delete(key);
    return text;
  }
  override keys(cursor: string | undefined, most: number): Keys {
    const after = cursor === undefined ? "" : /^key-(.+)$/.exec(cursor)?.[1];
    if (after === undefined) throw new ConfigError("cursor", "This is none.");
    const rest = [...this.texts.keys()].filter((key) => key > after).sort();
    const keys = rest.slice(0, most);
    return { keys, cursor: rest.length > most ? `key-${keys.at(-1)}` : undefined };
  }
}

describe("a store with compare-and-swap that lists its keys", () => {
  for (const { name, run } of backendSuite({ create: () => ({ backend: new ListingBackend() }) }))
    test(name, run);
});

test("listing all sessions in memory leaves room for other work after each of its pages", async () => {
  const backend = new InMemorySessionBackend();
  for (let n = 0; n < 3000; n++) backend.create(handleOf(n), newRecord());
  let turns = 0;
  let done = false;
  const turn = (): void => {
    turns += 1;
    if (!done) setImmediate(turn);
  };
  setImmediate(turn);
  const seen = new Set<string>();
  for await (const { handle } of createSessions({ backend }).list()) seen.add(handle);
  done = true;
  expect(seen.size).toBe(3000);
  expect(turns).toBeGreaterThan(10);
});

test("a page of SQLite looks at a bounded number of records, and goes on behind those that have expired", async () => {
  const directory = mkdtempSync(join(tmpdir(), "micropie-"));
  const environment = virtualEnvironment();
  const backend = new SqliteSessionBackend(join(directory, "sessions"), { pruneInterval: "1d" });
  backend.environment = environment;
  try {
    for (let n = 0; n < 5000; n++) await backend.create(handleOf(n), newRecord({ idleTimeout: 50 }));
    environment.advance(100);
    await backend.create("zzzzzzzzzzzzzzzz", newRecord());
    const first = await backend.scan({ limit: 10 });
    expect(first.sessions).toEqual([]);
    const second = await backend.scan({ limit: 10, cursor: first.cursor });
    const third = await backend.scan({ limit: 10, cursor: second.cursor });
    expect(third.sessions.map(({ handle }) => handle)).toEqual(["zzzzzzzzzzzzzzzz"]);
    expect(third.cursor).toBeUndefined();
    expect(await backend.countAll()).toEqual({ sessions: 1, signedIn: 0, exact: true });
  } finally {
    backend.close();
    rmSync(directory, { recursive: true });
  }
});

test("a count in memory leaves out what has expired and is not freed yet", () => {
  const environment = virtualEnvironment();
  const backend = new InMemorySessionBackend();
  backend.environment = environment;
  for (let n = 0; n < 30; n++)
    backend.create(handleOf(n), newRecord({ idleTimeout: n < 10 ? 5 : 500, userId: n % 2 ? "ann" : null }));
  expect(backend.countAll()).toEqual({ sessions: 30, signedIn: 15, exact: true });
  environment.advance(6);
  expect(backend.countAll()).toEqual({ sessions: 20, signedIn: 10, exact: true });
  backend.close();
});

test("memcached and two methods list one user's sessions page by page, and say that they cannot list all", async () => {
  const texts = new Map<string, object>();
  const sessions = createSessions({
    backend: {
      load: (id: string) => structuredClone(texts.get(id) ?? {}) as Record<string, unknown>,
      save: (id: string, data: object) => void texts.set(id, structuredClone(data)),
    },
  });
  await expect(sessions.list().toArray()).rejects.toThrow(
    /cannot list all of its sessions. Ask for those of one user/,
  );
  await expect(sessions.count()).rejects.toThrow(ConfigError);
  expect(await sessions.list({ userId: "ann" }).page()).toEqual({ sessions: [], cursor: undefined });
});
