import { H3, type H3Config, type H3Event, serve } from "h3";
import { createSessions } from "micropie";
import { type H3SessionsOptions, h3Sessions, sessionOf } from "micropie/adapters/h3";
import { onTestFinished } from "vitest";
import { SlowBackend } from "./_server.ts";

export type Data = { visits: number; name: string };

export function mount(backend?: SlowBackend, config: H3Config = {}, options: H3SessionsOptions = {}) {
  const errors: unknown[] = [];
  const sessions = createSessions<Data>({ ...(backend && { backend }), cookie: { secure: false } });
  const middleware = h3Sessions(sessions, { onError: (error) => errors.push(error), ...options });
  const app = new H3({ silent: true, ...config }).use(middleware);
  const session = (event: H3Event) => sessionOf(event, sessions);
  app.get("/count", (event) => {
    session(event).visits = (session(event).visits ?? 0) + 1;
    return String(session(event).visits);
  });
  app.get("/read", (event) => ({ ...session(event) }));
  return { app, session, sessions, errors };
}

export const ask = async (app: H3, path = "/", cookie?: string, init: RequestInit = {}) =>
  app.request(path, { ...init, headers: { ...init.headers, ...(cookie && { cookie }) } });

export const cookieOf = (response: Response) => response.headers.getSetCookie().at(-1)?.split(";")[0];

export const broken = () => {
  const backend = new SlowBackend();
  backend.broken = new Error("connect ECONNREFUSED 10.0.0.1");
  return backend;
};

export async function listen(app: H3): Promise<number> {
  const server = serve(app, { port: 0, hostname: "127.0.0.1", silent: true });
  await server.ready();
  onTestFinished(() => server.close(true));
  return Number(new URL(server.url!).port);
}
