import { createServer } from "node:http";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import realSession from "express-session";
import session, { type SessionOptions } from "micropie/compat/drop-in";
import { type Gate, gate } from "micropie/testing";
import { onTestFinished } from "vitest";
import { Jar, listening } from "./_scenario.ts";

/** Calls of a store that can be held at a gate, made to fail, or never answered. */
function gatedStoreOn(Base: typeof session.Store) {
  return class extends Base {
    readonly records: Map<string, string>;
    readonly calls: string[] = [];
    readonly #held = new Map<string, { gate: Gate; side: "before" | "after" }>();
    readonly #broken = new Map<string, unknown>();

    /** Two stores over one map are those of two processes. */
    constructor(records: Map<string, string> = new Map()) {
      super();
      this.records = records;
    }

    /** Holds the next such call before it reaches the store, or its answer. */
    hold(call: string, side: "before" | "after" = "before"): Gate {
      const held = gate();
      this.#held.set(call, { gate: held, side });
      return held;
    }

    /** With "silent", the call is never answered. */
    fail(call: string, error: unknown = new Error(`${call}: boom!`)): void {
      this.#broken.set(call, error);
    }

    mend(): void {
      this.#broken.clear();
    }

    override get(sid: string, callback: (error: unknown, session?: never) => void): void {
      this.#do("get", callback as Callback, () => {
        const text = this.records.get(sid);
        return text === undefined ? undefined : JSON.parse(text);
      });
    }

    override set(sid: string, data: unknown, callback: (error?: unknown) => void = () => {}): void {
      const text = JSON.stringify(data);
      this.#do("set", callback, () => void this.records.set(sid, text));
    }

    override destroy(sid: string, callback: (error?: unknown) => void = () => {}): void {
      this.#do("destroy", callback, () => void this.records.delete(sid));
    }

    override touch(sid: string, data: { cookie: unknown }, callback: () => void = () => {}): void {
      this.#do("touch", callback as Callback, () => {
        const text = this.records.get(sid);
        if (text !== undefined)
          this.records.set(sid, JSON.stringify({ ...JSON.parse(text), cookie: data.cookie }));
      });
    }

    #do(call: string, callback: Callback, work: () => unknown): void {
      this.calls.push(call);
      const broken = this.#broken.get(call);
      if (broken === "silent") return;
      if (broken !== undefined) return void setImmediate(() => callback(broken));
      const held = this.#held.get(call);
      this.#held.delete(call);
      void (async () => {
        if (held?.side === "before") await held.gate.wait();
        const value = work();
        if (held?.side === "after") await held.gate.wait();
        return value;
      })().then((value) => setImmediate(() => callback(null, value)));
    }
  };
}

export const GatedStore = gatedStoreOn(session.Store);
export type GatedStore = InstanceType<typeof GatedStore>;
/** The same on the base class of express-session itself. */
export const RealGatedStore = gatedStoreOn(realSession.Store);

type Callback = (error: unknown, value?: unknown) => void;

export interface Site {
  readonly app: Express;
  readonly url: string;
  /** What went to the error handler. */
  readonly errors: (Error & { code?: string; status?: number })[];
  visitor(): Browser;
}

export interface Answer {
  status: number;
  body: string;
  cookies: string[];
  headers: Headers;
}

/** Keeps its cookies. */
export class Browser {
  readonly jar = new Jar();
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async get(path: string): Promise<Answer> {
    const { header } = this.jar;
    const answer = await fetch(this.#url + path, {
      headers: header === "" ? {} : { cookie: header },
      redirect: "manual",
    });
    const cookies = answer.headers.getSetCookie();
    this.jar.take(cookies);
    return { status: answer.status, body: await answer.text(), cookies, headers: answer.headers };
  }

  get sid(): string {
    return decodeURIComponent(this.jar.value()).slice(2, 34);
  }
}

/** An application on compat, with routes that read and write, and whatever `routes` adds. */
export async function site(
  options: Partial<SessionOptions> & { implementation?: typeof session },
  routes: (app: Express) => void = () => {},
): Promise<Site> {
  const { implementation = session, ...rest } = options;
  const app = express();
  const errors: Site["errors"] = [];
  app.use(implementation({ secret: "cat", resave: false, saveUninitialized: false, ...rest }));
  app.get("/", (req, res) => void res.json(dataOf(req)));
  app.get("/set/:key/:value", (req, res) => {
    req.session[req.params.key] = req.params.value;
    res.json(dataOf(req));
  });
  app.get("/unset/:key", (req, res) => {
    delete req.session[req.params.key];
    res.json(dataOf(req));
  });
  app.get("/destroy", (req, res) => {
    req.session.destroy((error) => void res.end(error ? error.message : "destroyed"));
  });
  app.get("/regenerate/:user", (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.user = req.params.user;
      res.json(dataOf(req));
    });
  });
  routes(app);
  app.use((error: Error & { status?: number }, _req: Request, res: Response, _next: NextFunction) => {
    errors.push(error);
    if (!res.headersSent) res.status(error.status ?? 500).end(error.message);
  });
  const server = createServer(app);
  const url = await listening(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { app, url, errors, visitor: () => new Browser(url) };
}

export function dataOf(req: Request): object {
  // The last of these is session-file-store's.
  const { cookie, __lastAccess, ...data } = req.session;
  return data;
}
