import { createSessions, exclusive, InMemorySessionBackend, info, update } from "micropie";
import type { SessionRecord } from "micropie/backends/backend";
import { virtualEnvironment } from "micropie/testing/clock";
import { onEvent } from "micropie/testing/events";
import { expect, test } from "vitest";
import { isTouchDue } from "../../src/core/lifetime.ts";
import { isExpired, judge } from "../../src/core/load.ts";

const record: SessionRecord = {
  data: "{}",
  secretHash: "current",
  previousSecretHash: "replaced",
  previousEpoch: 1,
  previousUntil: 110,
  epoch: 1,
  version: 1,
  expiresAt: 160,
  absoluteExpiresAt: 200,
  userId: null,
  head: "",
  now: 100,
};

test("a session has expired when either deadline is reached", () => {
  expect(isExpired({ ...record, now: 159 })).toBe(false);
  expect(isExpired({ ...record, now: 160 })).toBe(true);
  expect(isExpired({ ...record, expiresAt: 500, now: 200 })).toBe(true);
});

test("a deadline moves by at least the throttle, and not beyond the absolute one", () => {
  expect(isTouchDue({ ...record, now: 102 }, 60, 160, 3)).toBe(false);
  expect(isTouchDue({ ...record, now: 103 }, 60, 160, 3)).toBe(true);
  expect(isTouchDue({ ...record, now: 150 }, 60, 200, 0)).toBe(false);
});

test.each<[string, string, Partial<SessionRecord>]>([
  ["live", "current", {}],
  ["expired", "current", { now: 160 }],
  ["grace", "replaced", { now: 109 }],
  ["superseded", "replaced", { now: 109, epoch: 2 }],
  ["reused", "replaced", { now: 110 }],
  ["expired", "replaced", { now: 160 }],
  ["unknown", "other", {}],
])("is judged %s with the secret %s and %j", (verdict, secret, changes) => {
  expect(judge({ ...record, ...changes }, secret)).toBe(verdict);
});

/** A store that does not delete what has expired, and leaves it to the engine to notice. */
class LateBackend extends InMemorySessionBackend {
  late = false;

  override read(handle: string): SessionRecord | undefined {
    const found = super.read(handle);
    return found && this.late ? { ...found, now: found.expiresAt } : found;
  }
}

test("a record that a store answers after its deadline is no session", async () => {
  const backend = new LateBackend();
  const sessions = createSessions<{ visits: number }>({ backend });
  const session = await sessions.load(undefined);
  session.visits = 1;
  const cookie = (await sessions.commit(session))!.split(";")[0]!;
  const [updating, waiting] = [await sessions.load(cookie), await sessions.load(cookie)];

  const expired: object[] = [];
  const stop = onEvent("expired", (event) => void expired.push(event));
  backend.late = true;
  expect({ ...(await sessions.load(cookie)) }).toEqual({});
  expect(expired).toHaveLength(1);
  const ended = expect.objectContaining({ code: "ended" });
  await expect(update(updating, "visits", () => 2)).rejects.toThrow(ended);
  await expect(exclusive(waiting, () => 1)).rejects.toThrow(ended);
  stop();
});

test("an update that has stored something has moved the deadline, so its request touches nothing", async () => {
  const environment = virtualEnvironment();
  const touched: string[] = [];
  class Noted extends InMemorySessionBackend {
    override touch(handle: string, idleTimeout: number): boolean {
      touched.push(handle);
      return super.touch(handle, idleTimeout);
    }
  }
  const sessions = createSessions<{ visits: number }>({ backend: new Noted(), environment });
  const session = await sessions.load(undefined);
  session.visits = 1;
  const cookie = (await sessions.commit(session))!.split(";")[0]!;
  environment.advance(1000);

  const updating = await sessions.load(cookie);
  await update(updating, "visits", () => 2);
  await sessions.commit(updating);
  expect(touched).toEqual([]);

  environment.advance(1000);
  const leaving = await sessions.load(cookie);
  await update(leaving, "visits", () => 2);
  await sessions.commit(leaving);
  expect(touched).toEqual([info(leaving).handle]);
});
