import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from "fastify";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { answerTo } from "./_answer.ts";
import { assign } from "./_assign.ts";
import { OF_ONE_ANSWER } from "./_error-head.ts";
import { type FastifySessionMembers, fastifyKind } from "./_fastify-facade.ts";
import { isMounted as inUse } from "./_listener.ts";
import { isSame, type Mounted, pathIn, resolveUse, type Use, type UseOptions } from "./_use.ts";
import { Visit } from "./_visit.ts";
import { Hold, holdOf } from "./hold.ts";

export type { ExpressCookie } from "./_express-cookie.ts";
export type { SessionCallback } from "./_express-facade.ts";
export type { FastifySessionMembers } from "./_fastify-facade.ts";

/** `request.session`: plain data to read and write, and the members that other plugins look for. */
export type FastifySession<T extends object = SessionData> = Session<T> & FastifySessionMembers<T>;

/** `as`, `exclusive` and `skip`, as for every adapter. Paths are those that the client asked for. */
export interface FastifySessionsOptions extends UseOptions<FastifyRequest> {
  /**
   * For what answers errors itself before Fastify learns of them, such as Nest: an answer with a status of 500 or more
   * counts as a handler that failed, and saves nothing, unless it called `commit` itself. Default false.
   */
  failedByStatus?: boolean;
}

/**
 * `request.session` for Fastify 5, as a plugin: `app.register(fastifySessions(sessions))`. It belongs to the scope in
 * which it is registered and those inside, and to nothing outside. Assigning replaces the data, `{}` or null ends the
 * session. It has the methods that users and plugins of @fastify/session know; see `FastifySessionMembers`.
 *
 * The session is saved before the first byte leaves, after all hooks, whichever way the handler responds (`reply.raw` and
 * `hijack` too); what changes after that is saved at the end. A session that cannot be read, and a save that fails before
 * the first byte, are errors of the request: the answer is thrown away and the error handler answers (status 503 for a
 * back-end that is down). A handler or hook that throws saves nothing; what the error handler itself changes is saved.
 *
 * Registering the same sessions again in a scope inside does nothing; others need another `as` and another cookie.
 * Throws ConfigError, naming the option, here or when the plugin is loaded.
 */
export function fastifySessions<T extends object>(
  sessions: Sessions<T>,
  options: FastifySessionsOptions = {},
): FastifyPluginCallback {
  const use = resolveUse(options, pathOf, fastifyKind);
  const { failedByStatus = false } = options;
  if (typeof failedByStatus !== "boolean") throw new ConfigError("failedByStatus", "Give true or false.");
  const untyped = sessions as unknown as Sessions<SessionData>;
  const plugin: FastifyPluginCallback = (app, _, done) => {
    let refused: Error | undefined;
    try {
      if (!isMounted(app, untyped, use.as)) mount(app, untyped, use, failedByStatus);
    } catch (error) {
      refused = error as Error;
    }
    done(refused);
  };
  // What fastify-plugin does: the decorators and hooks belong to the scope that registers.
  return Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "micropie",
    [Symbol.for("plugin-meta")]: { name: "micropie", fastify: "5.x" },
  });
}

const MOUNTED: unique symbol = Symbol("micropie.mounted");

/** Whether this scope has these sessions in this place already. Throws ConfigError if something else is there. */
function isMounted(app: FastifyInstance, sessions: Sessions<SessionData>, as: string): boolean {
  // A scope inherits what was registered around it before.
  const scope = app as { [MOUNTED]?: readonly Mounted[] };
  const all = scope[MOUNTED] ?? [];
  const asked: Mounted = { sessions, as };
  if (all.some((other) => isSame(other, asked))) return true;
  if (app.hasRequestDecorator(as))
    throw new ConfigError("as", `request.${as} is there already. Give the session another name.`);
  scope[MOUNTED] = [...all, asked];
  return false;
}

function mount(
  app: FastifyInstance,
  sessions: Sessions<SessionData>,
  use: Use<FastifyRequest>,
  failedByStatus: boolean,
): void {
  const key = Symbol(`micropie.${use.as}`);
  type Visited = { [key]: Visit | null };
  app.decorateRequest(key, null as never);
  app.decorateRequest(use.as, {
    // Undefined in hooks that run before ours.
    getter(this: FastifyRequest) {
      return (this as unknown as Visited)[key]?.look() as never;
    },
    setter(this: FastifyRequest, data: object | null) {
      assign((this as unknown as Visited)[key]!.look(), data);
    },
  });
  app.addHook("onRequest", (request, reply, done) => {
    const visit = new Visit(sessions, request.raw, use.as, true);
    let loading: Promise<void> | undefined;
    let hold: Hold;
    try {
      hold = holdFor(visit, request, reply, failedByStatus);
      (request as unknown as Visited)[key] = visit;
      const want = use.wants(request);
      if (want?.exclusive) hold.exclusive = true;
      loading = visit.load(want);
    } catch (error) {
      visit.discard();
      done(error as Error);
      return;
    }
    if (loading === undefined) {
      done();
      return;
    }
    loading.then(
      () => {
        if (hold.closed) visit.discard();
        else done();
      },
      (error: Error) => {
        visit.discard();
        done(error);
      },
    );
  });
  app.addHook("onError", (request, reply, error, done) => {
    const visit = (request as unknown as Visited)[key];
    const reverted = visit && holdOf(reply.raw)?.makeWay(error) ? visit.revert() : undefined;
    if (reverted instanceof Promise) reverted.then(done, done);
    else done();
  });
}

function holdFor(visit: Visit, request: FastifyRequest, reply: FastifyReply, failedByStatus: boolean): Hold {
  const outer = holdOf(reply.raw);
  if (outer !== undefined) {
    if (inUse(outer, visit.sessions, visit.as))
      throw new ConfigError(
        "as",
        "Middleware before Fastify has mounted these sessions. Use one of the two.",
      );
    outer.add(visit);
    return outer;
  }
  const tell = (error: unknown): void => request.log.error(error);
  const hold = new Hold(visit, request.raw, reply.raw, tell, (error) => answerInstead(reply, error));
  hold.seesErrors = !failedByStatus;
  return hold;
}

/** Lets Fastify answer with this error what it has answered otherwise. */
function answerInstead(reply: FastifyReply, error: unknown): void {
  if (reply.sent) {
    // Hijacked: nobody else answers.
    reply.log.error(error);
    reply.raw.setHeader("Content-Type", "text/plain; charset=utf-8");
    reply.raw.end(answerTo(error).text);
    return;
  }
  for (const name of String(reply.getHeader("trailer") ?? "").split(" ")) reply.removeTrailer(name);
  for (const name of Object.keys(reply.getHeaders())) if (OF_ONE_ANSWER.test(name)) reply.removeHeader(name);
  reply.header("cache-control", "no-store").send(error);
}

function pathOf({ originalUrl }: FastifyRequest): string {
  return pathIn(originalUrl);
}
