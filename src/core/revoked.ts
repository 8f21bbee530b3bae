import { refuseUnknown } from "../option-names.ts";
import { call } from "./call.ts";
import { publish } from "./events.ts";
import { handleDue } from "./info.ts";
import { isListed, type ListedSession, recordOf } from "./listed.ts";
import type { Engine } from "./live.ts";
import { plainUser, storedUser } from "./realm.ts";
import type { Chosen } from "./which.ts";

/** What else `sessions.revoke` is told. */
export interface RevokeOptions {
  /** The name of the operator, for the events `revoked`: recorders and logs then say who did it. Default: nobody is named. */
  readonly by?: string | undefined;
}

/** Ends the sessions that are meant; returns how many. Throws BackendError. */
export async function revoked(engine: Engine, which: Chosen, by: Operator): Promise<number> {
  if (which.handle !== undefined) return await one(engine, which.handle, by);
  const { userId, except } = which;
  const kept = typeof except === "object" ? handleDue(except) : except;
  const handles = await call(engine, "revokeUser", storedUser(engine.options.realm, userId), kept);
  for (const handle of handles)
    publish(engine, "revoked", { handle, userId, reason: "revoked", all: true, ...by });
  return handles.length;
}

/** What each event says of the operator. */
type Operator = { readonly by?: string };

/** Returns what each event says of the operator. Throws TypeError for a name that is no text, ConfigError for unknown options. */
export function operatorIn(options: RevokeOptions | undefined): Operator {
  if (options === undefined) return {};
  refuseUnknown(options, ["by"]);
  const { by } = options;
  if (by === undefined) return {};
  if (typeof by !== "string" || by === "")
    throw new TypeError("revoke: `by` is the name of an operator, a text.");
  return { by: by.toWellFormed().slice(0, 256) };
}

const REVOKED = { reason: "revoked", all: false } as const;

/** How many sessions are ended by one call of the back-end. */
const AT_ONCE = 500;

/** Ends these sessions, which `list` has told about; returns how many. Throws BackendError, and then some may have ended. */
export async function revokedAll(
  engine: Engine,
  sessions: readonly ListedSession[],
  by: Operator,
): Promise<number> {
  for (const session of sessions)
    if (!isListed(Object(session), engine.options.realm))
      throw new TypeError("revoke: pass the sessions themselves that `list` of these sessions told about.");
  const users = new Map(sessions.map(({ handle, userId }) => [handle, userId ?? null]));
  const handles = [...users.keys()];
  let count = 0;
  for (let at = 0; at < handles.length; at += AT_ONCE) {
    const ended = await call(engine, "deleteMany", handles.slice(at, at + AT_ONCE), "revoked");
    for (const handle of ended)
      publish(engine, "revoked", { handle, userId: users.get(handle) ?? null, ...REVOKED, ...by });
    count += ended.length;
  }
  return count;
}

async function one(engine: Engine, handle: string, by: Operator): Promise<number> {
  const record = await recordOf(engine, handle);
  if (record === undefined || !(await call(engine, "delete", handle, undefined, "revoked"))) return 0;
  const userId = plainUser(record.userId);
  publish(engine, "revoked", { handle, userId, ...REVOKED, ...by });
  return 1;
}
