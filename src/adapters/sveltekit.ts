import { AsyncLocalStorage } from "node:async_hooks";
import type { Sessions } from "../core/sessions.ts";
import { findValues } from "../core/token.ts";
import { movesOthers } from "../core/told.ts";
import { appendCookies } from "../visit/answer.ts";
import { Around, aroundOf } from "../visit/around.ts";
import { type CookieParts, partsOf } from "../visit/cookie-parts.ts";
import { expose } from "../visit/expose.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";
import { printError } from "../visit/printed.ts";
import { isSent } from "../visit/sent.ts";

import { unlessRefused } from "./_sveltekit-refusal.ts";

export type { RegisteredSessions } from "./_sveltekit-register.ts";

/** The part of `RequestEvent` that is used. */
export interface SvelteKitEvent {
  readonly request: Request;
  readonly url: URL;
  readonly locals: object;
  readonly cookies: SvelteKitCookies;
  readonly isSubRequest: boolean;
  readonly isDataRequest: boolean;
  readonly isRemoteRequest?: boolean | undefined;
  getClientAddress?(): string;
}

type CookieOptions = Partial<CookieParts> & Pick<CookieParts, "path">;

/** The part of `Cookies` that is used. */
export interface SvelteKitCookies {
  set(name: string, value: string, options: CookieOptions): void;
  serialize(name: string, value: string, options: CookieOptions): string;
}

/** SvelteKit's `Handle`. */
export type SvelteKitHandle = <Event extends SvelteKitEvent>(input: {
  event: Event;
  resolve(event: Event): Response | Promise<Response>;
}) => Promise<Response>;

/** `as`, `csrf`, `exclusive`, `idle`, `onError`, `signIn` and `skip`. */
export type SvelteKitSessionsOptions = MountOptions<SvelteKitEvent>;

/**
 * Returns the `handle` hook of SvelteKit. `event.locals.session` is the session, of the type that `Register` says, in
 * `load`, actions, endpoints, remote functions, and handles after this one in `sequence`. Assigning replaces the data;
 * `{}` and null end the session. The session is saved before the response is sent. Changes that are made while the body
 * streams (promises of `load` too) are saved at its end.
 *
 * `redirect`, `fail`, and `error` below 500 are answers, and save. An answer of 500 or more counts as a failed
 * handler and saves nothing, except what the handler committed itself. The same is true for what a later handle
 * throws, except a redirect. SvelteKit reports some errors within a 200; see `svelteKitErrors`. If the session cannot
 * be read or saved, the response is an error (503 if the back-end is down).
 *
 * Requests that `event.fetch` makes to the same application share the session, unless they bring another cookie: those
 * have the session of that. Pages that are rendered in advance have an empty session, which cannot be written. The response has `Vary: Cookie` if
 * somebody looked at the session. Mounting the same sessions again has no effect. Throws ConfigError that names an
 * invalid option.
 */
export function svelteKitSessions<T extends object>(
  sessions: Sessions<T>,
  options: SvelteKitSessionsOptions = {},
): SvelteKitHandle {
  const mount = mountOf<SvelteKitEvent>(sessions, options, ({ url }) => url.pathname, {
    isAsked,
    addressOf,
    routed,
  });

  return async ({ event, resolve }) => {
    const { locals, request, cookies } = event;
    const caller = event.isSubRequest ? running.getStore() : undefined;
    const isSame = caller !== undefined && opensSame(caller.request, request, sessions);
    const shared = isSame ? caller.around.find(mount.as) : undefined;
    if (shared?.mount.sessions === mount.sessions) {
      expose(shared, locals);
      return resolve(event);
    }
    const outer = aroundOf(locals);
    if (outer !== undefined) {
      const visit = outer.add(mount, request);
      if (visit === undefined) return resolve(event);
      expose(visit, locals);
      return visit.begin(
        event,
        () => resolve(event),
        (error) => outer.refuse(error),
      );
    }
    const around = new Around(mount, event, locals);
    const { set } = cookies;
    const others = recordCookies(cookies);
    let redirect: Redirect | undefined;
    const response = await around.run(request, async (visit) => {
      expose(visit, locals);
      try {
        const answered = await running.run({ around, request, isAsked: isAsked(event) }, resolve, event);
        if (answered.status >= 500) around.fail();
        return routed(event) === undefined ? answered : await unlessRefused(around, answered);
      } catch (thrown) {
        if (!isRedirect(thrown)) throw thrown;
        redirect = thrown;
        const headers = new Headers({ location: thrown.location });
        appendCookies(headers, others);
        return new Response(null, { status: thrown.status, headers });
      }
    });
    if (response.status !== redirect?.status || !isAskedByScript(event)) return response;
    // SvelteKit answers with JSON, which caches do not store, and adds the cookies.
    for (const parts of around.lines.map(partsOf)) set(parts.name, parts.value, parts);
    throw redirect;
  };
}

/** The request that calls `event.fetch`. */
const running = new AsyncLocalStorage<{ around: Around; request: Request; isAsked: boolean }>();

/** What `event.fetch` asks for, somebody has asked for if the request that calls it was sent. */
function isAsked({ isSubRequest, request }: SvelteKitEvent): boolean {
  return (isSubRequest ? running.getStore()?.isAsked : undefined) ?? isSent(request);
}

/** Where the platform knows none, as while it builds, SvelteKit throws. */
function addressOf(event: SvelteKitEvent): string | undefined {
  try {
    return event.getClientAddress?.();
  } catch {
    return undefined;
  }
}

/** Returns true if a request of `event.fetch` brings nothing to open another session than its caller's. */
function opensSame(caller: Request, inner: Request, sessions: Pick<Sessions, "options">): boolean {
  const { tokenHeader: header, cookie } = sessions.options;
  const sent = header === undefined ? null : inner.headers.get(header);
  if (sent !== null && sent !== caller.headers.get(header!)) return false;
  const [before, now] = [caller, inner].map(({ headers }) => headers.get("cookie"));
  // A request without credentials does not get the session.
  if (!before || !now) return !before && !now;
  // The application may have set more cookies meanwhile, but these may open a session of another library.
  const pairs = new Set(pairsOf(now));
  if (movesOthers(sessions) && !pairsOf(before).every((pair) => pairs.has(pair))) return false;
  // SvelteKit sends on the first of several cookies of a name.
  const [all, sentAlong] = [before, now].map((each) => findValues(each, cookie.name));
  return sentAlong![0] === all![0] && sentAlong!.length <= all!.length;
}

function pairsOf(cookies: string): string[] {
  return cookies.split(";").map((pair) => pair.trim());
}

/**
 * Returns the Set-Cookie lines of the cookies that the application sets from now on. SvelteKit does not add them to a
 * redirect that a handle returns.
 */
function recordCookies(cookies: SvelteKitCookies): readonly string[] {
  const { set } = cookies;
  const lines: string[] = [];
  cookies.set = (name, value, options) => {
    set(name, value, options);
    lines.push(cookies.serialize(name, value, options));
  };
  return lines;
}

/** The part of the input of `handleError` that is used. */
export interface SvelteKitFailure {
  readonly kind: string;
  readonly error: unknown;
  readonly event: { readonly locals: object };
}

/**
 * Returns the `handleError` hook of SvelteKit, around one of yours. Answers to the client router and to remote
 * functions report errors within a 200. With this hook, such a request saves nothing if the error is unknown (`kind`)
 * or has a status of 500 or more. By default it prints unknown errors, as SvelteKit does.
 */
export function svelteKitErrors<Input extends SvelteKitFailure, Result = void>(
  handleError?: (input: Input) => Result,
): (input: Input) => Result | undefined {
  return (input) => {
    const { kind, error, event } = input;
    const status = (error as { status?: unknown } | undefined)?.status;
    if (kind === "unknown" || (typeof status === "number" && status >= 500)) aroundOf(event.locals)?.fail();
    if (handleError !== undefined) return handleError(input);
    if (kind === "unknown") printError(error);
    return undefined;
  };
}

/** Returns the page that the client router, or an enhanced form, asks for. */
function routed(event: SvelteKitEvent): string | undefined {
  if (event.isRemoteRequest === true || !isAskedByScript(event)) return undefined;
  return event.url.pathname + event.url.search;
}

interface Redirect {
  readonly status: number;
  readonly location: string;
}

function isRedirect(thrown: unknown): thrown is Redirect {
  const { status, location } = (thrown ?? {}) as Partial<Redirect>;
  return typeof location === "string" && typeof status === "number" && status >= 300 && status <= 308;
}

/**
 * Returns true if SvelteKit answers a redirect with JSON: to its client router, a remote function or an enhanced
 * form.
 */
function isAskedByScript({ isDataRequest, isRemoteRequest, request }: SvelteKitEvent): boolean {
  const takesHtml = request.headers.get("accept")?.includes("text/html") ?? false;
  return isDataRequest || isRemoteRequest === true || (request.method === "POST" && !takesHtml);
}
