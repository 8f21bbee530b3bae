import type { Context } from "elysia";
import { ConfigError } from "../errors.ts";
import { clearedHeaders, errorAnswer, rethrow } from "../visit/answer.ts";
import { Around, aroundOf } from "../visit/around.ts";
import { attempt } from "../visit/attempt.ts";
import type { Mount } from "../visit/mount.ts";
import { begun, isFailure, isInert, leave } from "../visit/value.ts";
import { each, expose } from "../visit/visit.ts";

export type Fetch = (...args: unknown[]) => unknown;
type Place = Context & { readonly error?: unknown; readonly responseValue?: unknown };

/** One request on its way through Elysia. */
class Passage extends Around {
  /**
   * The contexts that have the session, and their `error` before: one, unless an instance hands its request to
   * another.
   */
  readonly contexts = new Map<Place, unknown>();
  isInert = false;

  /**
   * Elysia gives a context `error` and `code` when something is thrown, but leaves an Error that was there in its
   * place. One of them alone is the application's, as in `resolve(() => ({ error }))`.
   */
  get hasThrown(): boolean {
    for (const [context, before] of this.contexts)
      if ("code" in context && (context.error !== before || before instanceof Error)) return true;
    return false;
  }
}

/** Goes around the whole of Elysia, once: whatever a handler or a hook answers comes by here. */
export function around(fetch: Fetch, request: Request, mount: Mount<Request>): Fetch {
  // Whoever handles the same Request again begins anew.
  if (aroundOf(request)?.isOpen) return fetch;
  return (...args) => {
    const passage = new Passage(mount, request);
    return attempt(
      () => fetch(...args),
      (response) => {
        if (passage.hasThrown || isFailure(response)) passage.fail();
        // A hook after ours may have made a stream of the answer.
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

/** Gives a request its session. What it throws goes to `onError`. */
export async function enter(entering: {
  mount: Mount<Request>;
  context: object;
}): Promise<Record<string, never>> {
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
  await visit?.begin(request, () => undefined);
  return {};
}

/** Saves where `onError` still answers for what fails. */
export async function save(request: Request, answer: unknown): Promise<undefined> {
  const passage = aroundOf(request) as Passage | undefined;
  if (passage === undefined || passage.hasThrown) return;
  passage.isInert = isInert(answer);
  if (!passage.isInert) await begun(answer);
  try {
    await each(passage.visits, "save");
  } catch (error) {
    passage.discard(error, answer);
    for (const { set } of passage.contexts.keys()) {
      const headers = Object.fromEntries(clearedHeaders(set.headers as Record<string, string>));
      Object.assign(set, { headers, cookie: undefined, status: errorAnswer(error).status });
    }
    return rethrow(error);
  }
}
