import type { Context } from "elysia";
import type { Awaitable } from "../backends/backend.ts";
import { ConfigError } from "../errors.ts";
import { clearedHeaders } from "../visit/answer.ts";
import { Around, aroundOf } from "../visit/around.ts";
import { attempt } from "../visit/attempt.ts";
import { ownResponse } from "../visit/endpoint.ts";
import { errorAnswer, rethrow } from "../visit/error-parts.ts";
import { expose } from "../visit/expose.ts";
import type { Mount } from "../visit/mount.ts";
import { each } from "../visit/use.ts";
import { begun, isFailure, isInert, leave } from "../visit/value.ts";

export type Fetch = (...args: unknown[]) => unknown;
type Place = Context & { readonly error?: unknown; readonly responseValue?: unknown };

/** The sessions of one request to Elysia. */
class Passage extends Around {
  /**
   * The contexts that have the session, each with its `error` at that time. There is one, unless an instance passes
   * its request to another.
   */
  readonly contexts = new Map<Place, unknown>();
  isInert = false;

  /**
   * Elysia adds `error` and `code` to a context when something is thrown, and leaves an Error that was there before.
   * One of them alone is data of the application, as in `resolve(() => ({ error }))`.
   */
  get hasThrown(): boolean {
    for (const [context, before] of this.contexts)
      if ("code" in context && (context.error !== before || before instanceof Error)) return true;
    return false;
  }
}

/** Wraps the fetch of Elysia. All answers of handlers and hooks pass through it. */
export function around(fetch: Fetch, request: Request, mount: Mount<Request>): Fetch {
  const own = mount.endpoint && ownResponse(mount.endpoint, request);
  if (own !== undefined) return () => own;
  // A Request that is handled a second time starts over.
  if (aroundOf(request)?.isOpen) return fetch;
  return (...args) => {
    const passage = new Passage(mount, request);
    return attempt(
      () => fetch(...args),
      (given) => {
        const response = given instanceof Response ? passage.instead(given) : given;
        if (passage.hasThrown || isFailure(response)) passage.fail();
        // A later hook may have made a stream of the answer.
        const [place] = passage.contexts.keys();
        return leave(passage, response, passage.isInert && isInert(place?.responseValue));
      },
      (error) => {
        passage.discard();
        throw error;
      },
    );
  };
}

/** Adds the session to a context. Its errors go to `onError`. Synchronous if the back-end is. */
export function enter(entering: { mount: Mount<Request>; context: object }): Awaitable<typeof NOTHING> {
  const context = entering.context as Place;
  const { request } = context;
  const passage = aroundOf(request) as Passage | undefined;
  if (passage === undefined)
    throw new ConfigError(
      "aot",
      "Sessions are saved around the answers of Elysia, which needs this option. Turn it on, or use fetchSessions(app.fetch).",
    );
  if (!passage.contexts.has(context)) passage.contexts.set(context, context.error);
  const visit = passage.add(entering.mount, request);
  expose(visit ?? passage.find(entering.mount.as)!, context);
  return visit?.begin(request, () => NOTHING) ?? NOTHING;
}

/** What is added to the context beside the session. */
const NOTHING: Record<string, never> = {};

/** Saves while `onError` can still answer an error. Synchronous if the back-end is. */
export function save(request: Request, answer: unknown): Awaitable<undefined> {
  const passage = aroundOf(request) as Passage | undefined;
  if (passage === undefined || passage.hasThrown) return;
  passage.isInert = isInert(answer);
  const store = (): Awaitable<undefined> =>
    attempt(
      () => each(passage.visits, "save"),
      () => undefined,
      (error) => refuse(passage, answer, error),
    ) as Awaitable<undefined>;
  const beginning = passage.isInert ? undefined : begun(answer);
  return beginning === undefined ? store() : beginning.then(store);
}

function refuse(passage: Passage, answer: unknown, error: unknown): never {
  passage.discard(error, answer);
  for (const { set } of passage.contexts.keys()) {
    const headers = Object.fromEntries(clearedHeaders(set.headers as Record<string, string>));
    Object.assign(set, { headers, cookie: undefined, status: errorAnswer(error).status });
  }
  return rethrow(error);
}
