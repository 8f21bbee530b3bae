import { call } from "./call.ts";
import { publish } from "./events.ts";
import { handleDue } from "./info.ts";
import { recordOf } from "./listed.ts";
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

async function one(engine: Engine, handle: string): Promise<number> {
  const record = await recordOf(engine, handle);
  if (record === undefined || !(await call(engine, "delete", handle, undefined, "revoked"))) return 0;
  const userId = plainUser(record.userId);
  publish(engine, "revoked", { handle, userId, reason: "revoked", all: false });
  return 1;
}
