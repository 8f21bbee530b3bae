import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { fastifyKind } from "../facades/fastify.ts";
import { noStore, ofOneAnswer } from "../visit/answer.ts";
import { sendOwn } from "../visit/endpoint.ts";
import { endWith } from "../visit/error-answer.ts";
import { propertyOf } from "../visit/expose.ts";
import { Hold, holdOf } from "../visit/hold.ts";
import { isSame, type Mount, mountOf, type UseOptions } from "../visit/mount.ts";
import { isMounted, Visit } from "../visit/visit.ts";

export type { ExpressCookie, FastifySessionMembers, SessionCallback } from "../facades/fastify.ts";
export type { FastifySession, RegisteredRequest } from "./_fastify-register.ts";

/** `as`, `csrf`, `exclusive`, `idle`, `signIn` and `skip`. Paths are those of the request. */
export interface FastifySessionsOptions extends UseOptions<FastifyRequest> {
  /**
   * Set to true if something answers errors before Fastify sees them, such as Nest. An answer with a status of 500 or
   * more then counts as a failed handler and saves nothing, except what the handler committed itself. Default false.
   */
  failedByStatus?: boolean | undefined;
}

/**
 * Returns a plugin for Fastify 5 that adds `request.session`: `app.register(fastifySessions(sessions))`. It applies
 * to the scope that registers it, and to scopes inside. Assigning replaces the data; `{}` and null end the session.
 * It has the methods of @fastify/session; see `FastifySessionMembers`. Every `FastifyRequest` has the type that `Register`
 * says.
 *
 * The session is saved before the first byte is sent, after all hooks, whichever way the handler responds
 * (`reply.raw` and `hijack` too); later changes are saved at the end. Errors of load, and of a save before the first
 * byte, are errors of the request: the answer is dropped and the error handler answers (503 if the back-end is down).
 * A handler or hook that throws saves nothing; changes of the error handler itself are saved.
 *
 * Registering the same sessions again in an inner scope has no effect; others need another `as` and another cookie.
 * Throws ConfigError that names an invalid option; loading the plugin fails with ConfigError if a name or cookie is
 * taken.
 */
export function fastifySessions<T extends object>(
  sessions: Sessions<T>,
  options: FastifySessionsOptions = {},
): FastifyPluginAsync {
  const urlOf = ({ originalUrl }: FastifyRequest): string => originalUrl;
  const mount = mountOf(sessions, options, urlOf, {
    kind: fastifyKind,
    addressOf: ({ ip }) => ip,
    names: ["as", "exclusive", "idle", "skip", "failedByStatus"],
  });
  const { failedByStatus = false } = options;
  if (typeof failedByStatus !== "boolean") throw new ConfigError("failedByStatus", "Pass true or false.");
  const plugin: FastifyPluginAsync = async (app) => addHooks(app, mount, failedByStatus);
  // As fastify-plugin does: decorators and hooks belong to the scope that registers.
  return Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "micropie",
    [Symbol.for("plugin-meta")]: { name: "micropie", fastify: "5.x" },
  });
}

const MOUNTED: unique symbol = Symbol("micropie.mounted");

/** Returns true if this scope has these sessions. Throws ConfigError if their name or cookie is taken. */
function isThere(app: FastifyInstance, mount: Mount): boolean {
  // A scope inherits the sessions of outer scopes.
  const scope = app as { [MOUNTED]?: readonly Mount[] };
  const all = scope[MOUNTED] ?? [];
  if (all.some((other) => isSame(other, mount))) return true;
  if (app.hasRequestDecorator(mount.as))
    throw new ConfigError("as", `request.${mount.as} exists already. Choose another name for the session.`);
  scope[MOUNTED] = [...all, mount];
  return false;
}

function addHooks(app: FastifyInstance, mount: Mount<FastifyRequest>, failedByStatus: boolean): void {
  if (isThere(app, mount)) return;
  const { key, shown } = propertyOf(mount.as);
  app.decorateRequest(key, null as never);
  app.decorateRequest(mount.as, { getter: shown.get as () => never, setter: shown.set });
  app.addHook("onRequest", (request, reply, done) => {
    if (mount.endpoint && sendOwn(mount.endpoint, request.raw, reply.raw)) {
      reply.hijack();
      return;
    }
    const visit = new Visit(mount, request.raw);
    const refuse = (error: unknown): void => {
      visit.discard();
      done(error as Error);
    };
    let hold = holdOf(reply.raw);
    try {
      if (hold !== undefined && isMounted(hold.uses, mount))
        throw new ConfigError("as", "Middleware outside Fastify has mounted these. Use one of the two.");
    } catch (error) {
      return refuse(error);
    }
    hold ??= holdFor(request, reply, failedByStatus);
    hold.add(visit);
    (request as unknown as Record<symbol, Visit>)[key] = visit;
    visit.begin(request, () => (hold.closed ? visit.discard() : done()), refuse);
  });
  app.addHook("onError", async (request, reply, error) => {
    const visit = (request as unknown as Record<symbol, Visit | null>)[key];
    if (visit && holdOf(reply.raw)?.makeWay(error)) await visit.revert();
  });
}

function holdFor(request: FastifyRequest, reply: FastifyReply, failedByStatus: boolean): Hold {
  const tell = (error: unknown): void => request.log.error(error);
  const hold = new Hold(request.raw, reply.raw, tell, (error) => answerInstead(reply, error));
  hold.seesErrors = !failedByStatus;
  return hold;
}

/** Lets Fastify answer with this error instead. */
function answerInstead(reply: FastifyReply, error: unknown): void {
  if (reply.sent) {
    // The reply was hijacked, so Fastify does not answer.
    reply.log.error(error);
    endWith(reply.raw, error);
    return;
  }
  for (const name of String(reply.getHeader("trailer") ?? "").split(" ")) reply.removeTrailer(name);
  for (const name of ofOneAnswer(Object.keys(reply.getHeaders()))) reply.removeHeader(name);
  noStore({ getHeader: () => undefined, setHeader: (name, value) => reply.header(name, value) });
  reply.send(error);
}
