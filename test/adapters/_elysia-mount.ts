import { Elysia } from "elysia";
import { createSessions } from "micropie";
import { type ElysiaSessionsOptions, elysiaSessions } from "micropie/adapters/elysia";
import { SlowBackend } from "./_server.ts";

export type Data = { visits: number; name: string };

export function mount(backend?: SlowBackend, options: ElysiaSessionsOptions = {}) {
  const errors: unknown[] = [];
  const sessions = createSessions<Data>({ ...(backend && { backend }), cookie: { secure: false } });
  const plugin = elysiaSessions(sessions, { onError: (error) => errors.push(error), ...options });
  const routes = new Elysia()
    .use(plugin)
    .get("/count", ({ session }) => {
      session.visits = (session.visits ?? 0) + 1;
      return String(session.visits);
    })
    .get("/read", ({ session }) => ({ ...session }));
  return { app: new Elysia().use(plugin).use(routes), plugin, sessions, errors };
}

type App = { handle(request: Request): Promise<Response> };

export const ask = (app: App, path = "/", cookie?: string, init: RequestInit = {}) =>
  app.handle(
    new Request(`http://localhost${path}`, {
      ...init,
      headers: { ...init.headers, ...(cookie && { cookie }) },
    }),
  );

export const cookieOf = (response: Response) => response.headers.getSetCookie().at(-1)?.split(";")[0];

/** Elysia's generators put text into a body, which `text()` does not take. */
export async function textOf({ body }: Response): Promise<string> {
  let text = "";
  for await (const part of body as unknown as AsyncIterable<string | Uint8Array>)
    text += typeof part === "string" ? part : new TextDecoder().decode(part);
  return text;
}

export const broken = () => {
  const backend = new SlowBackend();
  backend.broken = new Error("connect ECONNREFUSED 10.0.0.1");
  return backend;
};
