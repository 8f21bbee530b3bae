import { AsyncLocalStorage } from "node:async_hooks";
import type { SessionData } from "../backends/backend.ts";
import type { Sessions } from "../core/sessions.ts";
import { type CookieParts, partsOf } from "./_cookie-parts.ts";
import { Exchange } from "./_exchange.ts";
import { resolveUse, type UseOptions } from "./_use.ts";
import { WebVisit } from "./_web-visit.ts";

/** What is needed of SvelteKit's `RequestEvent`. */
export interface SvelteKitEvent {
  readonly request: Request;
  readonly url: URL;
  readonly locals: object;
  readonly cookies: { set(name: string, value: string, options: CookieParts): void };
  readonly isSubRequest: boolean;
}

/** SvelteKit's `Handle`. */
export type SvelteKitHandle = <Event extends SvelteKitEvent>(input: {
  event: Event;
  resolve(event: Event): Response | Promise<Response>;
}) => Promise<Response>;

export interface SvelteKitSessionsOptions extends UseOptions<SvelteKitEvent> {
  /** Told of every error that is answered here, or that comes too late to answer. Default: `console.error`. */
  onError?: (error: unknown, event: SvelteKitEvent) => void;
}

/**
 * The `handle` hook of SvelteKit: `event.locals.session` in `load`, actions, endpoints, remote functions and the handles
 * after this one in `sequence`; assigning replaces the data, and `{}` ends the session. It is saved before the response
 * leaves; what changes while a body streams (promises of `load` too) is saved at its end.
 *
 * `redirect`, `fail` and `error` below 500 are answers, and save. An answer of 500 or more counts as a handler that
 * failed, and saves nothing, unless it called `commit` itself; so does what a later handle throws, except a redirect.
 * SvelteKit reports some errors within a 200: see `svelteKitErrors`. A session that cannot be read or saved is answered
 * with an error (503 if the back-end is down).
 *
 * What `event.fetch` asks of the same application shares the session of the request. A response varies on Cookie if
 * somebody has looked at the session. Mounted again, it changes nothing. Throws ConfigError, naming the option.
 */
export function svelteKitSessions<T extends object>(
  sessions: Sessions<T>,
  options: SvelteKitSessionsOptions = {},
): SvelteKitHandle {
  const { onError = (error: unknown) => console.error(error) } = options;
  const { as, wants } = resolveUse<SvelteKitEvent>(options, ({ url }) => url.pathname);
  const untyped = sessions as unknown as Sessions<SessionData>;

  return async ({ event, resolve }) => {
    const { locals, request } = event;
    // SvelteKit locks this as soon as it has made a response, but still sends what is set.
    const { set } = event.cookies;
    const cookie = request.headers.has("cookie");
    const caller = event.isSubRequest ? running.getStore() : undefined;
    // Whoever fetches without credentials does not want the session.
    const shared = caller?.cookie === cookie ? caller.exchange.find(untyped, as) : undefined;
    if (shared !== undefined) {
      show(locals, shared);
      return resolve(event);
    }
    const outer = exchanges.get(locals);
    if (outer?.visits.has(untyped, as)) return resolve(event);
    const exchange = outer ?? new Exchange((error) => onError(error, event));
    exchanges.set(locals, exchange);
    const visit = new WebVisit(untyped, as, request);
    exchange.visits.all.push(visit);
    show(locals, visit);
    try {
      await visit.load(wants(event));
    } catch (error) {
      return exchange.refuse(error);
    }
    if (outer !== undefined) return resolve(event);

    try {
      const response = await running.run({ exchange, cookie }, resolve, event);
      if (response.status >= 500) exchange.fail();
      return await exchange.settle(response);
    } catch (error) {
      if (!isRedirect(error)) return exchange.refuse(error);
      try {
        await exchange.save();
      } catch (failure) {
        return exchange.refuse(failure);
      }
      for (const line of exchange.cookies) {
        const parts = partsOf(line);
        set(parts.name, parts.value, parts);
      }
      throw error;
    }
  };
}

/** What is needed of the input of SvelteKit's `handleError`. */
export interface SvelteKitFailure {
  readonly kind: string;
  readonly error: unknown;
  readonly event: { readonly locals: object };
}

/**
 * The `handleError` hook of SvelteKit, around one of yours. Answers to the client router, and those of remote functions,
 * report an error within a 200; with this hook, a request with an error that is not of your making (`kind` is
 * "unknown"), or is one of 500 or more, saves nothing there either. Default: prints unknown errors, as SvelteKit does.
 */
export function svelteKitErrors<Input extends SvelteKitFailure, Result = void>(
  handleError?: (input: Input) => Result,
): (input: Input) => Result | undefined {
  return (input) => {
    const { kind, error, event } = input;
    const status = (error as { status?: unknown } | undefined)?.status;
    if (kind === "unknown" || (typeof status === "number" && status >= 500))
      exchanges.get(event.locals)?.fail();
    if (handleError !== undefined) return handleError(input);
    if (kind === "unknown") console.error(error);
    return undefined;
  };
}

/** By the `locals` of a request, which every copy of its event has in common. */
const exchanges = new WeakMap<object, Exchange>();

/** The request that `event.fetch` is called in. */
const running = new AsyncLocalStorage<{ exchange: Exchange; cookie: boolean }>();

function show(locals: object, visit: WebVisit): void {
  Object.defineProperty(locals, visit.as, {
    configurable: true,
    enumerable: true,
    get: () => visit.look(),
    set: (data: object) => visit.replace(data),
  });
}

function isRedirect(thrown: unknown): boolean {
  const { status, location } = (thrown ?? {}) as { status?: unknown; location?: unknown };
  return typeof location === "string" && typeof status === "number" && status >= 300 && status <= 308;
}
