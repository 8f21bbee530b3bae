import { createSessions, login, logout, type SessionBackend, type SessionData } from "micropie";
import type { SessionEvents } from "micropie/core/events";
import type { AnyData, Session } from "micropie/core/register";
import { browser } from "micropie/testing";
import { onEvent } from "micropie/testing/events";
import { describe, expect, onTestFinished, test } from "vitest";

/** A store that somebody else can write to. */
export interface Open {
  readonly backend: SessionBackend;
  /** What may be done to what is stored under a handle, by name. Each is tried on a session of its own. */
  readonly damage: Readonly<Record<string, (handle: string) => unknown>>;
}

/** What the sessions have, and no message may quote. */
const PRIVATE = "tell-nobody";

/** Statements for one table of SQL. */
export function damageTable(
  table: string,
  run: (sql: string, text: string, handle: string) => unknown,
): Open["damage"] {
  const set = (column: string, text: string) => (handle: string) =>
    run(`UPDATE ${table} SET ${column} = ? WHERE handle = ?`, text, handle);
  return {
    "cut data": set("data", `{"name":"${PRIVATE}`),
    "a text as data": set("data", `"${PRIVATE}"`),
    "a cut head": set("head", '{"idle":28800,'),
  };
}

/** Defines the test of one store for each damage. */
export function onDamaged(title: string, names: readonly string[], open: () => Open | Promise<Open>): void {
  describe(title, () => {
    test.each(names)(
      "%s: no session, an event, and then a sign-in, a write and a logout work",
      async (name) => {
        const { backend, damage } = await open();
        const sessions = createSessions<SessionData>({ backend });
        const damaged: SessionEvents["damaged"][] = [];
        const failed: unknown[] = [];
        const stop = [
          onEvent("damaged", (event) => damaged.push(event)),
          onEvent("backend_failed", (event) => failed.push(event)),
        ];
        onTestFinished(() => {
          for (const end of stop) end();
        });
        const next: ((session: Session<AnyData>) => void)[] = [
          (session) => login(session, "ann"),
          (session) => Object.assign(session, { visits: 1 }),
          (session) => logout(session),
        ];
        for (const what of next) {
          const ann = browser(sessions);
          await ann.request((session) => {
            login(session, "ann");
            session.name = PRIVATE;
          });
          const before = ann.cookie!;
          const handle = before.slice("session_id=".length).slice(0, 16);
          await damage[name]!(handle);
          damaged.length = 0;
          await ann.request((session) => expect({ ...session }).toEqual({}));
          expect(damaged.map((event) => event.handle)).toEqual([handle]);
          expect(await sessions.list({ userId: "ann" }).toArray()).toEqual([]);
          await ann.request(what);
          expect(ann.cookie === undefined).toBe(what === next[2]);
          expect(ann.cookie).not.toBe(before);
          const old = browser(sessions, before);
          await old.request((session) => expect({ ...session }).toEqual({}));
          await sessions.revoke({ handle });
          expect(await backend.read(handle)).toBeUndefined();
          await sessions.revoke({ userId: "ann" });
        }
        expect(failed).toEqual([]);
      },
    );
  });
}
