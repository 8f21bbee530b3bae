import { type Context, Hono } from "hono";
import { createSessions } from "micropie";
import { type HonoSessionsOptions, honoSessions, type SessionVariables } from "micropie/adapters/hono";
import type { SlowBackend } from "./_server.ts";

export type Data = { visits: number; name: string };
export type Env = { Variables: SessionVariables<Data> };

export function mount(backend?: SlowBackend, options: HonoSessionsOptions = {}) {
  const errors: unknown[] = [];
  const sessions = createSessions<Data>({ ...(backend && { backend }), cookie: { secure: false } });
  const middleware = honoSessions(sessions, { onError: (error) => errors.push(error), ...options });
  return { app: new Hono<Env>().use(middleware), middleware, sessions, errors };
}

export const ask = (app: { request: Hono["request"] }, path = "/", cookie?: string, init: RequestInit = {}) =>
  app.request(path, { ...init, headers: { ...init.headers, ...(cookie && { cookie }) } });

export const cookieOf = (response: Response) => response.headers.getSetCookie().at(-1)?.split(";")[0];

export const count = (c: Context<Env>) => {
  const session = c.get("session");
  session.visits = (session.visits ?? 0) + 1;
  return c.text(String(session.visits));
};
export const read = (c: Context<Env>) => c.json({ ...c.get("session") });
