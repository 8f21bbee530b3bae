import type { Session } from "../core/session.ts";
import { keepOut } from "../visit/answer.ts";
import { Around } from "../visit/around.ts";
import { cookiesAfter } from "../visit/cookie-parts.ts";
import { rethrow } from "../visit/error-parts.ts";
import type { Mount } from "../visit/mount.ts";
import { isSent } from "../visit/sent.ts";
import type { Visit } from "../visit/visit.ts";
import { inside } from "./_next-turns.ts";

export type NextAnswer = Response | undefined | Promise<Response | undefined>;

/**
 * Loads the session, runs a handler, saves, and returns the response: what the handler returned, or threw as the
 * functions of Next do. Without either, it is `NextResponse.next()`. The handler gets the session from a function.
 * `sendAlong` gets the Set-Cookie lines of a proxy.
 */
export async function answer(
  mount: Mount<Request>,
  request: Request,
  handle: (session: () => Session) => NextAnswer,
  sendAlong?: (lines: readonly string[]) => void,
): Promise<Response> {
  const around = new Around(mount, request, {});
  // A build fails by what is thrown, and not by an error response.
  const refuse = isSent(request) ? undefined : rethrow;
  const respond = async (visit: Visit): Promise<Response> => {
    try {
      const answered = await inside(visit, () => handle(() => visit.session));
      return answered ?? new Response(null, { headers: { "x-middleware-next": "1" } });
    } catch (thrown) {
      const answered = answerThrown(thrown, request);
      if (answered === undefined) throw thrown;
      return answered;
    }
  };
  const response = await around.run(request, respond, refuse);
  if (sendAlong === undefined) return response;
  sendAlong(around.lines);
  // The page behind can be static, and Next lets caches store it for a year.
  if (around.isDue && isPassedOn(response.headers)) keepOut(response.headers);
  return showBehind(response, request, around.lines);
}

/**
 * Returns the response that `redirect`, `notFound`, `forbidden` and `unauthorized` of Next mean when they throw;
 * undefined for any other error. Next makes the same response in a route handler, but loses cookies.
 */
function answerThrown(thrown: unknown, request: Request): Response | undefined {
  const [kind, ...rest] = digestOf(thrown);
  if (kind === "NEXT_HTTP_ERROR_FALLBACK") return new Response(null, { status: Number(rest[0]) });
  if (kind !== "NEXT_REDIRECT") return undefined;
  // The browser must not post the form again.
  const status = isForm(request) ? 303 : Number(rest.at(-2));
  return new Response(null, { status, headers: { location: rest.slice(1, -2).join(";") } });
}

/** Returns true if a thrown value is an answer, and not a failure. */
export function isAnswer(thrown: unknown): boolean {
  return ["NEXT_REDIRECT", "NEXT_HTTP_ERROR_FALLBACK"].includes(digestOf(thrown)[0]!);
}

/** Returns the text by which Next recognizes what its functions throw. */
function digestOf(thrown: unknown): string[] {
  const { digest } = (thrown ?? {}) as { digest?: unknown };
  return typeof digest === "string" ? digest.split(";") : [""];
}

function isForm({ method, headers }: Request): boolean {
  const type = headers.get("content-type") ?? "";
  return method === "POST" && /^(application\/x-www-form-urlencoded|multipart\/form-data)/.test(type);
}

/** Returns true if a page or a route handler answers, and not the proxy. */
function isPassedOn(headers: Headers): boolean {
  return headers.has("x-middleware-next") || headers.has("x-middleware-rewrite");
}

const OVERRIDES = "x-middleware-override-headers";
const OVERRIDE = "x-middleware-request-";

/**
 * Passes the next Cookie header to the page behind the proxy, as `NextResponse.next({ request: { headers } })` does.
 * Without it, the page would find no session, or the one before.
 */
function showBehind(response: Response, request: Request, lines: readonly string[]): Response {
  const { headers } = response;
  if (lines.length === 0 || !isPassedOn(headers)) return response;
  let names = headers.get(OVERRIDES)?.split(",");
  if (names === undefined) {
    names = [...request.headers.keys()];
    for (const name of names) headers.set(`${OVERRIDE}${name}`, request.headers.get(name) ?? "");
  }
  const cookie = headers.get(`${OVERRIDE}cookie`) ?? request.headers.get("cookie");
  headers.set(`${OVERRIDE}cookie`, cookiesAfter(cookie, lines));
  headers.set(OVERRIDES, [...new Set([...names, "cookie"])].join(","));
  return response;
}
