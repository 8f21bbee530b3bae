import type { IncomingMessage, ServerResponse } from "node:http";
import { Counts } from "./_admin/counts.ts";
import type { Shown } from "./_admin/desk.ts";
import { History } from "./_admin/history.ts";
import { type Allow, PageApp } from "./_admin/page-app.ts";
import type { App } from "./app/app.ts";
import type { AppRequest } from "./app/request.ts";
import type { Awaitable } from "./backends/backend.ts";
import { engineOf } from "./core/engine-of.ts";
import type { ListedSession } from "./core/listed.ts";
import type { AnyData } from "./core/register.ts";
import type { Sessions } from "./core/sessions.ts";
import { type Duration, secondsOf } from "./duration.ts";
import { ConfigError } from "./errors.ts";
import { refuseUnknown } from "./option-names.ts";
import type { Recorder } from "./recorder.ts";
import { type CsrfOptions, resolveCsrf } from "./visit/cross-site.ts";

/** Who may see the page, and what it shows. */
export interface AdminOptions<T extends object = AnyData, O extends object = T> {
  /**
   * Returns the name of the operator who asks, and false for anybody else, who gets a 404. `request.session` is the session of
   * the request; `incoming` is the request as a Node framework has it, if the page is mounted by `listener`. Default:
   * nobody may, and everything is a 404.
   */
  readonly allow?:
    | ((request: AppRequest<O>, incoming?: IncomingMessage) => Awaitable<string | false | null | undefined>)
    | undefined;
  /** Whether operators may end sessions. Default false: the page only reads. */
  readonly manage?: boolean | undefined;
  /** The path that the page is mounted at. Default "/admin". */
  readonly at?: string | undefined;
  /** What `recordEvents` returns, for what happened to a session and why it ended. Default: not shown. */
  readonly recorder?: Recorder | undefined;
  /**
   * What operators may see of the data: names of keys, or a function that returns what is shown of the data of a session.
   * Default: nothing.
   */
  readonly data?: readonly string[] | ((data: T, session: ListedSession<T>) => unknown) | undefined;
  /** The sessions that operators are signed in with, for `request.session`. Default: those that the page shows. */
  readonly operators?: Sessions<O> | undefined;
  /** Origins of other pages that may send what ends sessions, `{ trust: [...] }`. Default: none; it cannot be turned off. */
  readonly csrf?: CsrfOptions | undefined;
  /** How often the store counts its sessions, for the charts; false for never. Default 60 s. */
  readonly countEvery?: Duration | false | undefined;
}

/** The page: an App, and a listener for Node's frameworks. */
export interface AdminPage extends App<AnyData> {
  /** Answers requests of Node: mount it in Express, Fastify, Koa or `node:http`. It needs no parser of bodies. */
  readonly listener: (req: IncomingMessage, res: ServerResponse) => Promise<void>;
}

const OPTIONS = ["allow", "manage", "at", "recorder", "data", "operators", "csrf", "countEvery"];

/**
 * Makes a page for those who run an application: how many sessions there are, which, whose, since when, why they ended. It counts
 * events from now on, in a bounded memory; `shutdown()` ends that. Nothing on it opens a session. Throws ConfigError.
 *
 * @example
 * const page = adminPage(sessions, { allow: ({ session }) => session.isOperator && info(session).userId });
 * app.use("/admin", page.listener); // Express; elsewhere page.fetch, or mount("/admin", page)
 */
export function adminPage<T extends object, O extends object = T>(
  sessions: Sessions<T>,
  options: AdminOptions<T, O> = {},
): AdminPage {
  refuseUnknown(options, OPTIONS);
  const { allow, manage = false, at = "/admin", recorder, data, operators, csrf, countEvery } = options;
  if (typeof (sessions as Partial<Sessions> | undefined)?.load !== "function")
    throw new ConfigError("sessions", "Pass what createSessions returns.");
  if (operators !== undefined && typeof operators?.load !== "function")
    throw new ConfigError("operators", "Pass what createSessions returns.");
  if (allow !== undefined && typeof allow !== "function")
    throw new ConfigError("allow", "Pass a function that returns the name of the operator, or false.");
  if (typeof manage !== "boolean") throw new ConfigError("manage", "Pass true or false.");
  if (typeof at !== "string" || !/^(?:\/[\w.~-]+)*\/?$/.test(at))
    throw new ConfigError("at", 'Pass the path that the page is mounted at, such as "/admin".');
  if (recorder !== undefined && typeof recorder?.explain !== "function")
    throw new ConfigError("recorder", "Pass what recordEvents returns.");
  if (data !== undefined && typeof data !== "function" && !isTexts(data))
    throw new ConfigError("data", "Pass names of keys, or a function that returns what is shown.");
  const guard = resolveCsrf(csrf ?? true);
  if (guard === undefined) throw new ConfigError("csrf", "It cannot be turned off. Pass { trust: [...] }.");
  const every = countEvery === false ? undefined : secondsOf("countEvery", countEvery, 60, 1, "wait");
  const engine = engineOf(sessions);
  const counted = new Counts(sessions as never);
  return new PageApp((operators ?? sessions) as never, allow as Allow | undefined, {
    sessions: sessions as never,
    engine,
    at: at.replace(/\/$/, ""),
    manage,
    recorder,
    data: data as readonly string[] | Shown | undefined,
    csrf: guard,
    history: new History(engine, every, () => counted.count()),
    counted: () => counted.last,
  });
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
