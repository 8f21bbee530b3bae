import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SessionData } from "micropie";
import { toBackend } from "micropie/backends/backend";
import { type ConnectStoreLike, ConnectStoreSessionBackend } from "micropie/backends/connect-store";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { onTestFinished } from "vitest";
import { TableBackend } from "../../examples/cas-backend.ts";
import { damageTable, onDamaged } from "./_damaged.ts";
import { encrypted } from "./_encrypted.ts";

const TABLE = ["cut data", "a text as data", "a cut head"];

onDamaged("SQLite", TABLE, () => {
  const file = new DatabaseSync(":memory:");
  const damage = damageTable("sessions", (sql, ...values) => file.prepare(sql).run(...values));
  return { backend: new SqliteSessionBackend(file), damage };
});

onDamaged("encrypted", TABLE, () => {
  const file = new DatabaseSync(":memory:");
  const damage = damageTable("sessions", (sql, ...values) => file.prepare(sql).run(...values));
  return { backend: encrypted(new SqliteSessionBackend(file)), damage };
});

onDamaged("six methods", ["a cut record", "a text", "a record with cut data"], () => {
  const folder = mkdtempSync(join(tmpdir(), "micropie-"));
  const path = join(folder, "sessions.sqlite");
  const backend = new TableBackend(path);
  const file = new DatabaseSync(path);
  const set = (value: string) => (handle: string) =>
    file.prepare(`UPDATE texts SET text = ${value} WHERE key = ?`).run(handle);
  onTestFinished(() => {
    file.close();
    rmSync(folder, { recursive: true });
  });
  const damage = {
    "a cut record": set("substr(text, 1, length(text) - 30)"),
    "a text": set(`'"tell-nobody"'`),
    "a record with cut data": set(`json_set(text, '$.data', '{"name":"tell-nobody')`),
  };
  return { backend, damage };
});

onDamaged("two methods", ["a cut record", "a text", "a record with a cut head"], () => {
  const rows = new Map<string, unknown>();
  const backend = toBackend({
    load: async (id) => (rows.get(id) ?? {}) as SessionData,
    save: async (id, data) => void (Object.keys(data).length > 0 ? rows.set(id, data) : rows.delete(id)),
  });
  const damage = {
    "a cut record": (id: string) => rows.set(id, { name: "tell-nobody", micropie: { epoch: 1 } }),
    "a text": (id: string) => rows.set(id, "tell-nobody"),
    "a record with a cut head": (id: string) => {
      const row = rows.get(id) as { micropie: object };
      rows.set(id, { ...row, micropie: { ...row.micropie, head: '{"idle":28800,' } });
    },
  };
  return { backend, damage };
});

onDamaged("a store for express-session", ["a cut text", "a cut record"], () => {
  const texts = new Map<string, string>();
  // As most stores do it.
  const store = {
    get(id, done) {
      const text = texts.get(id);
      try {
        done(null, text === undefined ? null : JSON.parse(text));
      } catch (error) {
        done(error);
      }
    },
    set(id, session, done) {
      texts.set(id, JSON.stringify(session));
      done();
    },
    destroy(id, done) {
      texts.delete(id);
      done();
    },
  } as ConnectStoreLike;
  const damage = {
    "a cut text": (id: string) => texts.set(id, texts.get(id)!.slice(0, -30)),
    "a cut record": (id: string) => {
      const session = JSON.parse(texts.get(id)!) as { micropie: string };
      texts.set(id, JSON.stringify({ ...session, micropie: session.micropie.slice(0, -9) }));
    },
  };
  return { backend: new ConnectStoreSessionBackend(store), damage };
});
