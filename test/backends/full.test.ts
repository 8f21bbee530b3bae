import { createSessions, type SessionData } from "micropie";
import type { PatchResult, SessionPatch } from "micropie/backends/backend";
import { FullSessionBackend } from "micropie/backends/full";
import { browser, virtualEnvironment, withClock } from "micropie/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { SqlBackend } from "../../examples/sql-backend.ts";
import { newPatch, newRecord } from "./_records.ts";

const clock = virtualEnvironment();
const HANDLE = "abcdefghijklmnop";
let backend: SqlBackend;

beforeEach(() => {
  backend = withClock(new SqlBackend(":memory:"), clock.now);
});

/** What `load` returns for a session, with another key. */
async function changed(): Promise<SessionData> {
  return { ...(await backend.load(HANDLE)), more: 2 };
}

describe("load and save of a back-end that has neither", () => {
  test("a session that was loaded can be changed and saved, and nothing else of it changes", async () => {
    backend.create(HANDLE, newRecord({ userId: "ann" }));
    backend.patch(HANDLE, newPatch({}, { rotation: { secretHash: "other", grace: 50, raiseEpoch: true } }));
    const before = backend.read(HANDLE)!;
    await backend.save(HANDLE, await changed(), 1);
    const data = JSON.stringify({ ...JSON.parse(before.data), more: 2 });
    expect(backend.read(HANDLE)).toEqual({ ...before, data, version: before.version + 1 });
  });

  test("a key that is taken out of a loaded session is removed, also where the store merges", async () => {
    class Merging extends SqlBackend {
      override patch(handle: string, patch: SessionPatch): PatchResult {
        const result = super.patch(handle, { ...patch, baseVersion: -1 });
        return result === "merged" && patch.ifVersion !== undefined ? "ok" : result;
      }
    }
    backend = withClock(new Merging(":memory:"), clock.now);
    backend.create(HANDLE, newRecord({ data: '{"a":1,"b":2}' }));
    const { a: _, ...rest } = await backend.load(HANDLE);
    await backend.save(HANDLE, { ...rest, c: 3 }, 100);
    expect(JSON.parse(backend.read(HANDLE)!.data)).toEqual({ b: 2, c: 3 });
  });

  test("a session is saved for at least the timeout, and never past its absolute deadline", async () => {
    backend.create(HANDLE, newRecord({ idleTimeout: 100, absoluteTimeout: 500 }));
    await backend.save(HANDLE, await changed(), 300);
    expect(backend.read(HANDLE)!.expiresAt - clock.now()).toBeCloseTo(300);
    await backend.save(HANDLE, await changed(), 9000);
    expect(backend.read(HANDLE)!.expiresAt - clock.now()).toBeCloseTo(500);
  });

  test("a session that has changed since it was loaded is not overwritten", async () => {
    backend.create(HANDLE, newRecord());
    const loaded = await changed();
    backend.patch(HANDLE, newPatch({ others: 1 }));
    await expect(backend.save(HANDLE, loaded, 100)).rejects.toThrow("has changed or ended");
    expect(JSON.parse(backend.read(HANDLE)!.data)).toMatchObject({ others: 1 });
  });

  test("a session that has ended since it was loaded does not come back", async () => {
    backend.create(HANDLE, newRecord());
    const loaded = await changed();
    backend.delete(HANDLE);
    await expect(backend.save(HANDLE, loaded, 100)).rejects.toThrow("has changed or ended");
    expect(backend.read(HANDLE)).toBeUndefined();
  });

  test("a dictionary is no session: no cookie with its id opens it, and none ends it", async () => {
    const sessions = createSessions({ backend });
    await backend.save(HANDLE, { visits: 1 }, 100);
    const visitor = browser(sessions, `session_id=${HANDLE}${"x".repeat(32)}`);
    await visitor.request((session) => {
      session.mine = true;
    });
    expect(await backend.load(HANDLE)).toEqual({ visits: 1 });
    expect(visitor.cookie).not.toContain(HANDLE);
  });
});

test("a subclass that overrides load is refused with its first session: the nine methods do not call it", async () => {
  class Loading extends SqlBackend {
    override load(id: string): Promise<SessionData> {
      return super.load(id);
    }
  }
  const visitor = browser(createSessions({ backend: new Loading(":memory:") }));
  const storing = visitor.request((session) => {
    session.visits = 1;
  });
  await expect(storing).rejects.toMatchObject({ code: "backend_failed" });
});

test("a class in JavaScript that lacks a method says which, instead of calling itself", async () => {
  // @ts-expect-error: it lacks eight methods.
  class Forgetful extends FullSessionBackend {
    read(): undefined {}
  }
  const forgetful = new (Forgetful as unknown as new () => FullSessionBackend)();
  expect(await forgetful.load("a")).toEqual({});
  expect(() => forgetful.lock("a", 1)).toThrow("Forgetful extends FullSessionBackend, and has no lock");
});
