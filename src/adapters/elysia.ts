import type { AnyElysia, Context, Elysia } from "elysia";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { clearedHeaders, errorAnswer, rethrow } from "../visit/answer.ts";
import { Around, aroundOf } from "../visit/around.ts";
import { attempt } from "../visit/attempt.ts";
import { type Mount, type MountOptions, mountOf, pathIn } from "../visit/mount.ts";
import { begun, isFailure, isInert } from "../visit/value.ts";
import { each, expose } from "../visit/visit.ts";

/** `as`, `exclusive`, `skip` and `onError`. */
export type ElysiaSessionsOptions<As extends string = "session"> = MountOptions<Request> & { as?: As };

/** What `use` takes, and what its routes then have. */
export type ElysiaSessions<T extends object = SessionData, As extends string = "session"> = (
  app: AnyElysia,
) => Elysia<
  "",
  Elysia["~Singleton"],
  Elysia["~Definitions"],
  Elysia["~Metadata"],
  Elysia["~Routes"],
  Elysia["~Ephemeral"],
  Omit<Elysia["~Volatile"], "derive"> & { derive: { [K in As]: Session<T> } }
>;

/**
 * A plugin of Elysia 1.4: `({ session }) => …` in every handler and hook that comes after it, in the instance that uses
 * it and below; `as("scoped")` and `as("global")` carry it further, as they carry any hook. Assigning to
 * `context.session` replaces the data, and `{}` ends it. Used again, it changes nothing.
 *
 * The session is saved when the response is made; what changes while a body streams is saved at its end, or when the
 * client leaves, and if that fails, the body breaks off. A session that cannot be read, and a save that fails, go to
 * `onError` of Elysia; if nobody answers there, the answer is the error's status (503 if the back-end is down). A handler
 * that throws saves nothing; what it saved itself with `commit` stays, and its cookie goes with the error answer.
 *
 * A response varies on Cookie if somebody has asked for the session. Needs Elysia's `aot`, which is on by default.
 * Throws ConfigError for a bad option; a request for which two different sessions have one name or one cookie does too.
 */
export function elysiaSessions<T extends object, As extends string = "session">(
  sessions: Sessions<T>,
  options: ElysiaSessionsOptions<As> = {},
): ElysiaSessions<T, As> {
  const mount = mountOf<Request>(sessions, options, ({ url }) => pathIn(url));
  return ((app: AnyElysia) =>
    app
      .wrap((fetch: Fetch, request: Request) => around(fetch, request, mount))
      .derive(async (context) => {
        // Elysia reads the text of this function, and for one that passes its context on as an argument it would read the
        // body, the query and the cookies of every request.
        const entering = { mount, context };
        return enter(entering);
      })
      .mapResponse(async ({ request, responseValue }) =>
        save(aroundOf(request) as Passage, responseValue),
      )) as unknown as ElysiaSessions<T, As>;
}

type Fetch = (...args: unknown[]) => unknown;
type Place = Context & { readonly error?: unknown; readonly responseValue?: unknown };

/** One request on its way through Elysia. */
class Passage extends Around {
  /** The contexts that have the session, and their \`error\` before: one, unless an instance hands its request to another. */
  readonly contexts = new Map<Place, unknown>();
  isInert = false;

  /**
   * Elysia gives a context \`error\` and \`code\` when something is thrown, but leaves an Error that was there in its place. One
   * of them alone is the application's, as in \`resolve(() => ({ error }))\`.
   */
  get hasThrown(): boolean {
    return [...this.contexts].some(
      ([context, before]) => "code" in context && (context.error !== before || before instanceof Error),
    );
  }
}

/** Goes around the whole of Elysia, once: whatever a handler or a hook answers comes by here. */
function around(fetch: Fetch, request: Request, mount: Mount<Request>): Fetch {
  // Whoever handles the same Request again begins anew.
  if (aroundOf(request)?.isOpen) return fetch;
  return (...args) => {
    const passage = new Passage(mount, request);
    return attempt(
      () => fetch(...args),
      (response) => leave(passage, response),
      (error) => {
        passage.discard();
        throw error;
      },
    );
  };
}

/** Gives a request its session. What it throws goes to \`onError\`. */
async function enter(entering: { mount: Mount<Request>; context: object }): Promise<Record<string, never>> {
  const context = entering.context as Place;
  const { request } = context;
  const passage = aroundOf(request) as Passage | undefined;
  if (passage === undefined)
    throw new ConfigError(
      "aot",
      "Without it, Elysia runs nothing around its answers, where sessions are saved. Leave it on, or wrap app.fetch in fetchSessions.",
    );
  if (!passage.contexts.has(context)) passage.contexts.set(context, context.error);
  const visit = passage.add(entering.mount, request);
  expose(visit ?? passage.find(entering.mount.as)!, context);
  await visit?.begin(request, () => {});
  return {};
}

/** Saves where \`onError\` still answers for what fails. */
async function save(passage: Passage | undefined, answer: unknown): Promise<undefined> {
  if (passage === undefined || passage.hasThrown) return;
  passage.isInert = isInert(answer);
  await begun(answer);
  try {
    await each(passage.visits, "save");
  } catch (error) {
    passage.discard(error, answer);
    for (const { set } of passage.contexts.keys()) {
      const headers = Object.fromEntries(clearedHeaders(set.headers as HeadersInit));
      Object.assign(set, { headers, cookie: undefined, status: errorAnswer(error).status });
    }
    return rethrow(error);
  }
}

function leave(passage: Passage, response: unknown): unknown {
  if (passage.hasThrown || isFailure(response)) passage.fail();
  return passage.finish(
    () => {
      // Bun answers nothing where a WebSocket takes over.
      if (!(response instanceof Response)) return response;
      // A hook after ours may have made a stream of it.
      const [context] = passage.contexts.keys();
      return passage.settle(response, passage.isInert && isInert(context?.responseValue));
    },
    (error) => {
      passage.discard(error, response);
      return passage.answerError(error);
    },
  );
}
