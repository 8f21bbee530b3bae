import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express, { type Express, type Request } from "express";
import session, { type SessionOptions } from "express-session";
import type { LoadSave, SessionBackend } from "micropie";
import { SessionStore, type SessionStoreOptions } from "micropie/compat/store";
import { type Gate, GatedBackend, gate } from "micropie/testing";
import { onTestFinished } from "vitest";
import { toBackend } from "../../src/backends/backend.ts";

declare module "express-session" {
  interface SessionData {
    [key: string]: unknown;
    user?: string;
  }
}

/** An application on express and express-session with a store of ours, as somebody may have it. */
export interface ExpressApp {
  readonly app: Express;
  readonly backend: GatedBackend;
  readonly store: SessionStore<object>;
  /** What went to the error handler. */
  readonly errors: unknown[];
  /** Holds the next request for `/slow/...` before it writes to its session. */
  readonly slow: Gate;
  visitor(): Visitor;
}

export async function expressApp(
  inner: SessionBackend | LoadSave,
  options: Partial<SessionOptions> = {},
  storeOptions: SessionStoreOptions<{ user?: string }> = {},
): Promise<ExpressApp> {
  const backend = new GatedBackend(toBackend(inner));
  const store = new SessionStore(backend, storeOptions);
  const app = express();
  const errors: unknown[] = [];
  const slow = gate();
  app.use(session({ secret: "s", resave: false, saveUninitialized: false, ...options, store }));
  app.get("/", (req, res) => void res.json(dataOf(req)));
  app.get("/set/:key/:value", (req, res) => {
    req.session[req.params.key] = req.params.value;
    res.json(dataOf(req));
  });
  app.get("/unset/:key", (req, res) => {
    delete req.session[req.params.key];
    res.json(dataOf(req));
  });
  app.get("/slow/:key/:value", async (req, res) => {
    await slow.wait();
    req.session[req.params.key] = req.params.value;
    res.json(dataOf(req));
  });
  app.get("/age/:ms", (req, res) => {
    req.session.cookie.maxAge = Number(req.params.ms);
    res.json(dataOf(req));
  });
  app.get("/login/:user", (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.user = req.params.user;
      res.json(dataOf(req));
    });
  });
  app.get("/become/:user", (req, res) => {
    req.session.user = req.params.user;
    res.json(dataOf(req));
  });
  app.get("/logout", (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.json({})));
  });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    backend.mend();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await backend.close();
  });
  const { port } = server.address() as AddressInfo;
  const visitor = () => new Visitor(`http://127.0.0.1:${port}`);
  const running = { app, backend, store, errors, slow, visitor };
  return running;
}

/** To be called when all routes are there: notes what express-session or a handler passes to `next`. */
export function noteErrors({ app, errors }: ExpressApp): void {
  app.use((error: Error & { status?: number }, _req: Request, res: express.Response, _next: unknown) => {
    errors.push(error);
    if (!res.headersSent) res.status(error.status ?? 500).json({ error: error.message });
  });
}

function dataOf(req: Request): object {
  const { cookie, ...data } = req.session;
  return data;
}

/** A browser that keeps express-session's cookie. */
export class Visitor {
  readonly #url: string;
  cookie: string | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** The session's data as the route saw it at its end; or what went wrong. */
  async get(path: string): Promise<{ status: number; body: unknown; setCookie: string[] }> {
    const headers: Record<string, string> = this.cookie === undefined ? {} : { cookie: this.cookie };
    const answer = await fetch(new URL(path, this.#url), { headers });
    const setCookie = answer.headers.getSetCookie();
    for (const line of setCookie) this.cookie = line.split(";", 1)[0];
    return { status: answer.status, body: await answer.json(), setCookie };
  }

  /** The data that a request finds. */
  async data(): Promise<unknown> {
    return (await this.get("/")).body;
  }

  /** The id that express-session signed into the cookie. */
  get sid(): string {
    return decodeURIComponent(this.cookie ?? "").replace(/^connect\.sid=s:(.*)\..*$/, "$1");
  }

  /** The same browser in another tab. */
  tab(): Visitor {
    const tab = new Visitor(this.#url);
    tab.cookie = this.cookie;
    return tab;
  }
}
