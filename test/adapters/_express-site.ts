import type { Express, Request, RequestHandler, Response } from "express";
import { createSessions, type SessionOptions, type Sessions } from "micropie";
import {
  type ExpressRequest,
  type ExpressSession,
  type ExpressSessionsOptions,
  expressSessions,
} from "micropie/adapters/express";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { GatedBackend, type VirtualEnvironment, virtualEnvironment, withClock } from "micropie/testing";
import { onTestFinished } from "vitest";
import { type EXPRESS, errorPage, listen, newApp, route } from "./_express-server.ts";
import { Jar } from "./_jar.ts";

export interface Data {
  visits: number;
  name: string;
  [key: string]: unknown;
}

export type Req = ExpressRequest<Data, Request>;

export interface ExpressSite {
  readonly app: Express;
  readonly store: GatedBackend;
  readonly sessions: Sessions<Data>;
  readonly clock: VirtualEnvironment;
  /** What came too late for an error handler. */
  readonly told: unknown[];
  readonly url: string;
  jar(): Jar;
  /** Sets what `/` does from now on. */
  on(handler: (session: ExpressSession<Data>, req: Req, res: Response) => unknown): void;
}

export interface ExpressSiteOptions {
  readonly options?: SessionOptions<Data>;
  readonly use?: Omit<ExpressSessionsOptions<Request>, "onError">;
  /** Where the sessions are mounted. Default `/`. */
  readonly at?: string;
  /** Mounted before the sessions. */
  readonly before?: RequestHandler;
  /** Mounted behind them, before the routes. */
  readonly after?: RequestHandler;
  /** Adds routes, and error handlers. */
  more?(app: Express, sessions: Sessions<Data>): unknown;
}

/** Serves an application until the test is over: `/count`, `/read`, and what `on` and `more` say. */
export async function expressSite(
  version: keyof typeof EXPRESS,
  { options = {}, use = {}, at = "/", before, after, more = () => {} }: ExpressSiteOptions = {},
): Promise<ExpressSite> {
  const clock = virtualEnvironment();
  const store = new GatedBackend(withClock(new InMemorySessionBackend(), clock.now));
  const sessions = createSessions<Data>({ ...options, backend: store });
  const told: unknown[] = [];
  const app = newApp(version);
  let handler: (session: ExpressSession<Data>, req: Req, res: Response) => unknown = () => {};
  if (before !== undefined) app.use(before);
  app.use(at, expressSessions(sessions, { ...use, onError: (error) => told.push(error) }));
  if (after !== undefined) app.use(after);
  app.get("/count", (request, res) => {
    const { session } = request as Req;
    session.visits = (session.visits ?? 0) + 1;
    res.json(session.visits);
  });
  app.get("/read", (request, res) => void res.json((request as Req).session));
  app.get(
    "/",
    route(async (request, res) => {
      const req = request as Req;
      const answer = await handler(req.session, req, res);
      if (!res.headersSent) res.json(answer ?? null);
    }),
  );
  more(app, sessions);
  app.use(errorPage);
  const { url, close } = await listen(app);
  onTestFinished(async () => {
    store.mend();
    await close();
    await sessions.close();
  });
  return {
    app,
    store,
    sessions,
    clock,
    told,
    url,
    jar: () => new Jar(url),
    on(next) {
      handler = next;
    },
  };
}
