import type { SessionData } from "../backends/backend.ts";
import type { LoadOptions } from "../core/load.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError, SessionError } from "../errors.ts";
import { answerTo } from "./_answer.ts";
import { OF_ONE_ANSWER } from "./_error-head.ts";
import { exposeIn } from "./_expose.ts";
import { addHeaders, isError, settleResponse } from "./_web-response.ts";
import { WebVisit } from "./_web-visit.ts";
import { WebVisits } from "./_web-visits.ts";

/** What the plugin was given. */
export interface Mount {
  readonly sessions: Sessions<SessionData>;
  readonly as: string;
  readonly wants: (request: Request) => LoadOptions | undefined;
  readonly onError: (error: unknown, request: Request) => void;
}

/** What is used of Elysia's context. */
export interface Context {
  readonly request: Request;
  readonly set: { status?: number | string; headers: Record<string, unknown>; cookie?: unknown };
  /** What was thrown, as soon as something was. */
  readonly error?: unknown;
  /** Put there together with `error`. */
  readonly code?: unknown;
  /** What is answered, after the hooks that change it. */
  readonly responseValue?: unknown;
}

/** A context that has the session: one, unless an instance hands its request to another. */
interface Place {
  readonly context: Context;
  /** What `context.error` was before anything was thrown. */
  readonly before: unknown;
}

/** One request on its way through Elysia. */
interface Passage {
  readonly visits: WebVisits;
  readonly places: Place[];
  /** The answer is known to be no stream. */
  plain: boolean;
  tell: (error: unknown) => void;
}

const passages = new WeakMap<Request, Passage>();

type Fetch = (...args: unknown[]) => unknown;

/** Goes around the whole of Elysia, once: whatever a handler or a hook answers comes by here. */
export function around(fetch: Fetch, request: Request): Fetch {
  if (passages.has(request)) return fetch;
  return (...args) => {
    const passage: Passage = {
      visits: new WebVisits(),
      places: [],
      plain: false,
      tell: () => {},
    };
    passages.set(request, passage);
    const response = fetch(...args);
    const done = (later: unknown): unknown => {
      // Whoever handles the same Request again begins anew.
      passages.delete(request);
      return leave(passage, later);
    };
    if (!(response instanceof Promise)) return done(response);
    return response.then(done, (error: unknown) => {
      passages.delete(request);
      passage.visits.discard();
      throw error;
    });
  };
}

/** Gives a request its session. What it throws goes to `onError`. */
export async function enter({ context, mount }: { context: Context; mount: Mount }): Promise<object> {
  const { request } = context;
  const { sessions, as, wants, onError } = mount;
  const passage = passages.get(request);
  if (passage === undefined) {
    throw new ConfigError(
      "aot",
      "Without it, Elysia runs nothing around its answers, where sessions are saved. Leave it on, or wrap app.fetch in fetchSessions.",
    );
  }
  const { visits, places } = passage;
  if (places.length === 0) passage.tell = (error) => onError(error, request);
  if (!places.some((place) => place.context === context)) places.push({ context, before: context.error });
  if (visits.has(sessions, as)) {
    exposeIn(context, visits.find(as)!);
    return {};
  }
  const visit = new WebVisit(sessions, as, request);
  visits.all.push(visit);
  exposeIn(context, visit);
  try {
    const loading = visit.load(wants(request));
    if (loading !== undefined) await loading;
  } catch (error) {
    throw answerable(error);
  }
  return {};
}

/** Saves where `onError` still answers for what fails. */
export async function save(request: Request, answer: unknown): Promise<undefined> {
  const passage = passages.get(request);
  if (passage === undefined || hasFailed(passage)) return;
  passage.plain = isPlain(answer);
  if (typeof (answer as Partial<Parts> | undefined)?.next === "function") await begin(answer as Parts);
  try {
    const saving = passage.visits.save();
    if (saving !== undefined) await saving;
  } catch (error) {
    for (const { context } of passage.places) clearAnswer(context, error);
    if (answer instanceof Response) void answer.body?.cancel(error).catch(() => {});
    throw answerable(error);
  }
}

type Parts = Iterator<unknown> | AsyncIterator<unknown>;

/** Runs a generator up to its first part, as Elysia does right after this, and lets Elysia have that part. */
async function begin(parts: Parts): Promise<void> {
  const first = parts.next();
  Object.defineProperty(parts, "next", {
    configurable: true,
    value: () => {
      delete (parts as { next?: unknown }).next;
      return first;
    },
  });
  await first;
}

/** No code of the application runs while such an answer goes out. */
function isPlain(answer: unknown): boolean {
  if (typeof answer !== "object" || answer === null) return typeof answer !== "function";
  const prototype: unknown = Object.getPrototypeOf(answer);
  return (prototype === Object.prototype || prototype === Array.prototype) && !("next" in answer);
}

function leave(passage: Passage, response: unknown): unknown {
  const { visits, tell } = passage;
  if (visits.all.length === 0) return response;
  if (hasFailed(passage) || (response instanceof Response && isError(response))) {
    visits.discard();
    return response instanceof Response ? addHeaders(response, visits) : response;
  }
  const refuse = (error: unknown): Response => {
    visits.discard();
    if (response instanceof Response) void response.body?.cancel(error).catch(() => {});
    tell(error);
    return addHeaders(errorResponse(error), visits);
  };
  const settle = (): unknown => {
    // Bun answers nothing where a WebSocket takes over.
    if (!(response instanceof Response)) return response;
    // A hook after ours may have made a stream of it.
    const plain = passage.plain && isPlain(passage.places[0]?.context.responseValue);
    return plain ? addHeaders(response, visits) : settleResponse(response, visits, tell);
  };
  try {
    const saving = visits.commit();
    return saving === undefined ? settle() : saving.then(settle).catch(refuse);
  } catch (error) {
    return refuse(error);
  }
}

/**
 * Elysia gives the context `error` and `code` then, but leaves an Error that was there in its place. One of them alone is
 * the application's, as in `resolve(() => ({ error }))`.
 */
function hasFailed({ places }: Passage): boolean {
  return places.some(
    ({ context, before }) => "code" in context && (context.error !== before || before instanceof Error),
  );
}

/** Elysia answers what this method answers, if nobody else does, and the whole of the error if there is none. */
function answerable(error: unknown): unknown {
  if (!(error instanceof SessionError) || "toResponse" in error) return error;
  return Object.defineProperty(error, "toResponse", {
    value: () => errorResponse(error),
    configurable: true,
  });
}

function errorResponse(error: unknown): Response {
  const { status, text } = answerTo(error);
  return new Response(text, { status, headers: { "Cache-Control": "no-store" } });
}

/** Leaves of what the handler answered only what other plugins have set for any answer. */
function clearAnswer({ set }: Context, error: unknown): void {
  for (const name of Object.keys(set.headers))
    if (OF_ONE_ANSWER.test(name.toLowerCase())) delete set.headers[name];
  delete set.cookie;
  set.status = answerTo(error).status;
}
