import { call } from "./call.ts";
import { publish } from "./events.ts";
import { handleDue } from "./info.ts";
import { isListed, type ListedSession, recordOf } from "./listed.ts";
import type { Engine } from "./live.ts";
import { plainUser, storedUser } from "./realm.ts";
import type { Chosen } from "./which.ts";

/** Ends the sessions that are meant; returns how many. Throws BackendError. */
export async function revoked(engine: Engine, which: Chosen): Promise<number> {
  if (which.handle !== undefined) return await one(engine, which.handle);
  const { userId, except } = which;
  const kept = typeof except === "object" ? handleDue(except) : except;
  const handles = await call(engine, "revokeUser", storedUser(engine.options.realm, userId), kept);
  for (const handle of handles) publish(engine, "revoked", { handle, userId, reason: "revoked", all: true });
  return handles.length;
}

/** How many sessions are ended by one call of the back-end. */
const AT_ONCE = 500;

/** Ends these sessions, which `list` has told about; returns how many. Throws BackendError, and then some may have ended. */
export async function revokedAll(engine: Engine, sessions: readonly ListedSession[]): Promise<number> {
  for (const session of sessions)
    if (!isListed(Object(session), engine.options.realm))
      throw new TypeError("revoke: pass the sessions themselves that `list` of these sessions told about.");
  const users = new Map(sessions.map(({ handle, userId }) => [handle, userId ?? null]));
  const handles = [...users.keys()];
  let count = 0;
  for (let at = 0; at < handles.length; at += AT_ONCE) {
    const ended = await call(engine, "deleteMany", handles.slice(at, at + AT_ONCE), "revoked");
    for (const handle of ended) {
      const userId = users.get(handle) ?? null;
      publish(engine, "revoked", { handle, userId, reason: "revoked", all: false });
    }
    count += ended.length;
  }
  return count;
}

async function one(engine: Engine, handle: string): Promise<number> {
  const record = await recordOf(engine, handle);
  if (record === undefined || !(await call(engine, "delete", handle, undefined, "revoked"))) return 0;
  const userId = plainUser(record.userId);
  publish(engine, "revoked", { handle, userId, reason: "revoked", all: false });
  return 1;
}
