import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import express, { type NextFunction, type Request, type Response } from "express";
import realSession from "express-session";
import oursSession from "micropie/compat/drop-in";

export const IMPLEMENTATIONS = { "express-session": realSession, ours: oursSession as typeof realSession };
export const FRAMEWORKS = {
  "Express 5": express,
  "Express 4": createRequire(import.meta.url)("express4") as typeof express,
};

export type SessionModule = typeof realSession;

/** What a scenario may use besides the request. */
export interface World {
  readonly session: SessionModule;
  readonly store: RecordingStore;
  /** Asks the server again, from within. */
  ask(path: string, cookie?: string): Promise<string>;
  /** For counters and the like, new in each run. */
  readonly memo: Record<string, unknown>;
}

export interface Ask {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  /** Leaves the browser's cookies out, or sends these. */
  cookie?: null | ((jar: Jar) => string);
}

export interface Scenario {
  name: string;
  options?: (world: World) => object;
  /** Middleware before the session. */
  before?: (req: Request, res: Response, next: NextFunction, world: World) => unknown;
  handler: (req: Request, res: Response, next: NextFunction, world: World) => unknown;
  asks: readonly (string | Ask)[];
  /** Something done to the store between two requests: by the number of the request before which it happens. */
  between?: { [request: number]: (world: World) => unknown };
  /** Where the two are meant to differ: why, and what of it each one shows. */
  differs?: { why: string; pick: (seen: Seen) => unknown; old: unknown; ours: unknown };
}

/** What came of one run. Ids, signatures and moments are masked. */
export interface Seen {
  answers: { status: number; body: string; cookies: string[]; cache: string | null; vary: string | null }[];
  records: Record<string, unknown>;
  calls: string[];
  errors: string[];
}

export class Jar {
  readonly #cookies = new Map<string, string>();

  take(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      this.#cookies.set(name!, value!);
    }
  }

  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  value(name = "connect.sid"): string {
    return this.#cookies.get(name) ?? "";
  }
}

/** A store of the plainest kind, that notes what it is asked. */
export interface RecordingStore {
  records: Map<string, string>;
  calls: string[];
  emit(event: string): boolean;
  get(sid: string, callback: (error: unknown, session?: unknown) => void): void;
  set(sid: string, session: unknown, callback?: (error?: unknown) => void): void;
  destroy(sid: string, callback?: (error?: unknown) => void): void;
  touch?(sid: string, session: unknown, callback?: (error?: unknown) => void): void;
  load(sid: string, callback: (error: unknown, session?: unknown) => void): void;
}

export function recordingStore(session: SessionModule): RecordingStore {
  class Recording extends session.Store {
    records = new Map<string, string>();
    calls: string[] = [];
    override get(sid: string, callback: (error: unknown, session?: never) => void): void {
      this.calls.push("get");
      const text = this.records.get(sid);
      setImmediate(() => callback(null, text === undefined ? undefined : (JSON.parse(text) as never)));
    }
    override set(sid: string, data: unknown, callback?: (error?: unknown) => void): void {
      this.calls.push("set");
      this.records.set(sid, JSON.stringify(data));
      if (callback) setImmediate(callback);
    }
    override destroy(sid: string, callback?: (error?: unknown) => void): void {
      this.calls.push("destroy");
      this.records.delete(sid);
      if (callback) setImmediate(callback);
    }
    override touch(sid: string, data: { cookie: unknown }, callback?: () => void): void {
      this.calls.push("touch");
      const text = this.records.get(sid);
      if (text !== undefined) {
        this.records.set(sid, JSON.stringify({ ...JSON.parse(text), cookie: data.cookie }));
      }
      if (callback) setImmediate(callback);
    }
  }
  return new Recording() as unknown as RecordingStore;
}

export async function run(
  scenario: Scenario,
  session: SessionModule,
  framework: typeof express,
): Promise<Seen> {
  const store = recordingStore(session);
  const errors: string[] = [];
  const jar = new Jar();
  let url = "";
  const world: World = {
    session,
    store,
    memo: {},
    ask: async (path, cookie = jar.header) => (await fetch(url + path, { headers: { cookie } })).text(),
  };
  const app = framework();
  const { before, handler } = scenario;
  if (before) app.use((req, res, next) => before(req, res, next, world));
  const given = { secret: "keyboard cat", resave: false, saveUninitialized: false, store };
  app.use(session({ ...given, ...scenario.options?.(world) } as never));
  app.use((req, res, next) => handler(req, res, next, world));
  app.use((error: Error & { status?: number }, _req: Request, res: Response, _next: unknown) => {
    errors.push(error.message);
    if (!res.headersSent) res.status(error.status ?? 500).end(`error: ${error.message}`);
  });
  const server = createServer(app);
  url = await listening(server);
  const answers: Seen["answers"] = [];
  try {
    for (const [index, ask] of scenario.asks.entries()) {
      await scenario.between?.[index]?.(world);
      answers.push(await one(url, typeof ask === "string" ? { path: ask } : ask, jar));
    }
    // What express-session still does when the answer is out.
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return masked({ answers, records: Object.fromEntries(store.records), calls: store.calls, errors });
}

async function one(url: string, ask: Ask, jar: Jar): Promise<Seen["answers"][number]> {
  const headers: Record<string, string> = { ...ask.headers };
  const cookie = ask.cookie === null ? "" : (ask.cookie?.(jar) ?? jar.header);
  if (cookie !== "") headers.cookie = cookie;
  const answer = await fetch(url + (ask.path ?? "/"), {
    headers,
    method: ask.method ?? "GET",
    redirect: "manual",
  });
  const cookies = answer.headers.getSetCookie();
  jar.take(cookies);
  return {
    status: answer.status,
    body: await answer.text(),
    cookies,
    cache: answer.headers.get("cache-control"),
    vary: answer.headers.get("vary"),
  };
}

export async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Ids become numbers in the order in which they are seen, and moments the seconds from now, when all of it happened. */
function masked(seen: Seen): Seen {
  const ids: string[] = [];
  const now = Date.now();
  const name = (id: string): string => `<id ${1 + (ids.includes(id) ? ids.indexOf(id) : ids.push(id) - 1)}>`;
  const mask = (text: string): string =>
    text
      .replace(/(?<=s%3A)([\w-]{32})\.[\w%]+/g, (_, id) => `${name(id)}.<signature>`)
      .replace(/^[\w-]{32}$/g, name)
      .replace(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT|\d{4}-\d\d-\d\dT[\d:.]{12}Z/g, (date) =>
        Date.parse(date) < 1e12 ? date : `<in ${(Date.parse(date) - now) / 1000} s>`,
      );
  const answers = seen.answers.map((answer) => ({
    ...answer,
    cookies: answer.cookies.map(mask),
    body: mask(answer.body),
  }));
  const records = Object.fromEntries(
    Object.entries(seen.records).map(([sid, text]) => [mask(sid), mask(text as string)]),
  );
  return { ...seen, answers, records };
}
