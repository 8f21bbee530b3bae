import { info } from "../core/info.ts";
import type { ReadonlySession, Session } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import { shortName } from "../core/set-cookie.ts";
import { findTokens } from "../core/token.ts";
import { shownOnly } from "../core/told.ts";
import { save } from "../core/verbs.ts";
import { linesOf } from "../visit/answer.ts";
import { type CookieParts, ownCookies, partsOf } from "../visit/cookie-parts.ts";
import type { Mount } from "../visit/mount.ts";
import { signInUrl } from "../visit/sign-in.ts";
import { Visit } from "../visit/visit.ts";
import { isAnswer } from "./_next-answer.ts";
import { inside, inTurn, visitAround } from "./_next-turns.ts";

/** The two functions of `next/headers`. */
export interface NextHeaders {
  cookies(): Promise<NextCookies>;
  headers(): Promise<{ get(name: string): string | null }>;
}

/** The part of the result of `cookies` that is used. */
export interface NextCookies {
  get(name: string): { readonly value: string } | undefined;
  getAll(): readonly object[];
  set(cookie: CookieParts): unknown;
}

/**
 * Loads the session, runs a server action, and saves. Saves nothing if the action failed. Throws the error of the
 * action, or of the save. Next gives an action no request and no response.
 */
export async function act<Result>(
  mount: Mount,
  next: NextHeaders,
  run: (session: Session) => Result,
): Promise<Awaited<Result>> {
  const outer = visitAround(mount.sessions);
  if (outer !== undefined) return run(outer.session) as Awaited<Result>;
  return inTurn(await next.headers(), () => actAlone(mount, next, run));
}

async function actAlone<Result>(
  mount: Mount,
  next: NextHeaders,
  run: (session: Session) => Result,
): Promise<Awaited<Result>> {
  const request = await requestOf(mount, next);
  const visit = new Visit(mount, request);
  const save = async (): Promise<void> => {
    try {
      await visit.commit();
      visit.close();
    } catch (error) {
      visit.discard();
      throw error;
    } finally {
      await setCookies(next, linesOf(visit));
    }
  };
  await visit.load(request);
  let result: Awaited<Result>;
  try {
    result = await inside(visit, () => run(visit.session));
  } catch (thrown) {
    if (!isAnswer(thrown)) visit.discard();
    await save();
    const { refusal } = visit;
    if (refusal === undefined || thrown !== refusal) throw thrown;
    throw redirectTo(signInUrl(mount.signIn!, refusal, request));
  }
  await save();
  return result;
}

/** Returns what `redirect` of next/navigation throws: Next tells it by its digest. */
function redirectTo(place: string): Error {
  return Object.assign(new Error("NEXT_REDIRECT"), { digest: `NEXT_REDIRECT;push;${place};303;` });
}

async function setCookies({ cookies }: NextHeaders, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const jar = await cookies();
  for (const parts of lines.map(partsOf)) {
    try {
      jar.set(parts);
    } catch (error) {
      // Next sets no cookies in a component. A cookie to be removed can stay: it gives no access.
      if (parts.maxAge !== 0) throw error;
    }
  }
}

/**
 * Returns a function that sets Set-Cookie lines by `cookies()`, if a proxy has set cookies this way meanwhile. Next
 * then sends those cookies instead of all others.
 */
export async function watchCookies({ cookies }: NextHeaders): Promise<(lines: readonly string[]) => void> {
  const jar = await cookies();
  const before = JSON.stringify(jar.getAll());
  return (lines) => {
    if (lines.length === 0 || JSON.stringify(jar.getAll()) === before) return;
    for (const line of lines) jar.set(partsOf(line));
  };
}

/** Returns the session of the current request, to read. */
export async function readSession<T extends object>(
  sessions: Sessions<T>,
  next: NextHeaders,
): Promise<ReadonlySession<T>> {
  const header = await cookieHeader(sessions, next);
  const session = await sessions.load(ownCookies(header, sessions.options.cookie.name));
  // The session would expire while its user only reads pages.
  if (info(session).stored) await save(session);
  shownOnly(session);
  return freeze(session);
}

/**
 * Returns the part of the current request that a visit reads. The `tokenHeader` of the sessions is left out, as no
 * response can have it.
 */
async function requestOf({ sessions }: Mount, next: NextHeaders): Promise<Request> {
  const [cookie, headers] = await Promise.all([cookieHeader(sessions, next), next.headers()]);
  const read = (name: string): string | null => {
    if (name === "cookie") return cookie ?? null;
    return name === sessions.options.tokenHeader ? null : headers.get(name);
  };
  // Next calls an action for a POST alone.
  const url = `http://${headers.get("host")}/`;
  return { method: "POST", url, headers: { get: read } } as unknown as Request;
}

/**
 * Returns the Cookie header of the browser; if this request has changed our cookie, the header that the browser will
 * send next.
 */
async function cookieHeader(
  { options }: Pick<Sessions, "options">,
  next: NextHeaders,
): Promise<string | null | undefined> {
  const [cookies, headers] = await Promise.all([next.cookies(), next.headers()]);
  const sent = headers.get("cookie");
  const { name } = options.cookie;
  const { tokens } = findTokens(sent ?? "", name);
  const now = cookies.get(name)?.value ?? "";
  if (tokens.includes(now) || (now === "" && tokens.length === 0)) return sent;
  if (now === "") return undefined;
  const short = shortName(name);
  const proof = cookies.get(short);
  return `${name}=${now}${proof === undefined ? "" : `; ${short}=${proof.value}`}`;
}

/** Freezes plain data. */
function freeze<V>(value: V): V {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const each of Object.values(value)) freeze(each);
  return Object.freeze(value);
}
