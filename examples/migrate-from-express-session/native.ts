// micropie sessions, which take over sessions of express-session when their cookies come.
import type { RequestHandler } from "express";
import { createSessions } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { RedisSessionBackend } from "micropie/backends/redis";
import { expressSessionLegacy } from "micropie/legacy/express-session";
import { moveSessions } from "micropie/legacy/move";
import { client, options } from "./app.ts";

export const sessions = createSessions<{ user: string; count: number }>({
  backend: new RedisSessionBackend(client),
  userIdOf: ({ user }) => user,
  legacy: moveSessions({
    readers: [expressSessionLegacy(options)],
    // By then every old session has ended: the move plus the longest maxAge.
    until: new Date(process.env.LEGACY_UNTIL ?? "2100-01-01"),
  }),
});

export const native = expressSessions(sessions);

/** Returns the token in the micropie cookie, if the browser has one. */
export function tokenOf({ headers }: { headers: { cookie?: string | undefined } }): string | undefined {
  return /(?:^|;\s*)session_id=([^;\s]+)/.exec(headers.cookie ?? "")?.[1];
}

/** The old sessions, except for a session that a server whose clock is ahead has just moved. */
export function unlessMoved(old: RequestHandler): RequestHandler {
  return (req, res, next) =>
    old(req, res, async (error) => {
      const { cookie } = req.headers;
      const isGone = !error && cookie !== undefined && !cookie.includes(req.sessionID);
      if (!isGone || Object.keys(await sessions.load(cookie)).length === 0) return next(error);
      Reflect.deleteProperty(req, "session");
      return native(req, res, next);
    });
}
