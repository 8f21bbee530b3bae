// Moving back: from `HOME_FROM` on, each session moves back with the next request of its browser. Choose a time by which every
// server runs this version. When all sessions have moved back, deploy version 1 or 2.
import { createHash, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { Request, RequestHandler } from "express";
import { logout } from "micropie";
import session from "micropie/compat/drop-in";
import { options, serve } from "./app.ts";
import { native, sessions, tokenOf, unlessMoved } from "./native.ts";

const homeFrom = Date.parse(process.env.HOME_FROM ?? "2100-01-01");
const old = session({ ...options, genid });

/** The id is computed from the cookie, so that concurrent requests get the same session. */
function genid(req: Request): string {
  const random = randomBytes(24).toString("base64url");
  const token = tokenOf(req);
  if (token === undefined) return random;
  const id = createHash("sha256").update(`${options.secret} ${token}`).digest("base64url");
  // A sign-in needs another id.
  return req.sessionID === id ? random : id;
}

/** Copies the data of the browser's micropie session into the old session, and ends the micropie session. */
const comeHome =
  (token: string): RequestHandler =>
  async (req, res, next) => {
    // One request at a time; the second one finds that the session has moved.
    const leaving = await sessions.load(`session_id=${token}`, { exclusive: true });
    try {
      const { session } = req;
      if (Object.keys(leaving).length === 0) await promisify(session.reload.bind(session))().catch(() => {});
      else if (!session.user) await promisify(Object.assign(session, leaving).save.bind(session))();
      logout(leaving);
      const line = await sessions.commit(leaving);
      if (line !== undefined) res.append("Set-Cookie", line);
    } catch (error) {
      sessions.discard(leaving);
      throw error;
    }
    next();
  };

serve((req, res, next) => {
  const token = tokenOf(req);
  if (token === undefined) return unlessMoved(old)(req, res, next);
  const goHome = () => old(req, res, (error) => (error ? next(error) : comeHome(token)(req, res, next)));
  if (Date.now() >= homeFrom) return goHome();
  return native(req, res, (error) => {
    if (error || Object.keys(req.session).length > 0) return next(error);
    // A server whose clock is ahead has just moved it back.
    for (const name of ["session", "sessionID"]) Reflect.deleteProperty(req, name);
    return goHome();
  });
});
