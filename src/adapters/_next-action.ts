import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { findTokens } from "../core/token.ts";
import { shownOnly } from "../core/told.ts";
import { commit, info } from "../core/verbs.ts";
import { linesOf } from "../visit/answer.ts";
import { type CookieParts, ownCookies, partsOf } from "../visit/cookie-parts.ts";
import type { Mount } from "../visit/mount.ts";
import { Visit } from "../visit/visit.ts";
import { isAnswer } from "./_next-answer.ts";

/** The two functions of `next/headers`. */
export interface NextHeaders {
  cookies(): Promise<NextCookies>;
  headers(): Promise<{ get(name: string): string | null }>;
}

/** What is needed of what `cookies` returns. */
export interface NextCookies {
  get(name: string): { readonly value: string } | undefined;
  getAll(): readonly object[];
  set(cookie: CookieParts): unknown;
}

/**
 * Runs a server action, to which Next gives no request and no response, between load and save; saves nothing if it
 * failed. Throws what the action throws, or why it could not be saved.
 */
export async function act<Result>(
  mount: Mount,
  next: NextHeaders,
  run: (session: Session) => Result,
): Promise<Awaited<Result>> {
  const visit = new Visit(mount, await requestOf(mount, next));
  const save = async (): Promise<void> => {
    try {
      await visit.commit();
    } catch (error) {
      visit.discard();
      throw error;
    } finally {
      await setCookies(next, linesOf(visit));
    }
  };
  await visit.load(undefined);
  let result: Awaited<Result>;
  try {
    result = await run(visit.session);
  } catch (thrown) {
    if (!isAnswer(thrown)) visit.discard();
    await save();
    throw thrown;
  }
  await save();
  return result;
}

async function setCookies({ cookies }: NextHeaders, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const jar = await cookies();
  for (const parts of lines.map(partsOf)) {
    try {
      jar.set(parts);
    } catch (error) {
      // In a component Next sets none. One that is to be removed may as well stay: it opens nothing any more.
      if (parts.maxAge !== 0) throw error;
    }
  }
}

/**
 * Watches for cookies that a proxy sets by `cookies()`: Next sends those in place of all others of the answer, so the
 * lines given to the function answered then go the same way.
 */
export async function watchCookies({ cookies }: NextHeaders): Promise<(lines: readonly string[]) => void> {
  const jar = await cookies();
  const before = JSON.stringify(jar.getAll());
  return (lines) => {
    if (lines.length === 0 || JSON.stringify(jar.getAll()) === before) return;
    for (const line of lines) jar.set(partsOf(line));
  };
}

/** Returns the session of the request that is running, to look at. */
export async function readSession<T extends object>(
  sessions: Sessions<T>,
  next: NextHeaders,
): Promise<Readonly<Session<T>>> {
  const header = await cookieHeader(sessions, next);
  const session = await sessions.load(ownCookies(header, sessions.options.cookie.name));
  // The session of somebody who only looks at pages would expire while they browse.
  if (info(session).stored) await commit(session);
  shownOnly(session);
  return freeze(session);
}

/** Returns what a visit reads of the request that is running. No response can carry a header. */
async function requestOf({ sessions }: Mount, next: NextHeaders): Promise<Request> {
  const [cookie, headers] = await Promise.all([cookieHeader(sessions, next), next.headers()]);
  const read = (name: string): string | null => {
    if (name === "cookie") return cookie ?? null;
    return name === sessions.options.header ? null : headers.get(name);
  };
  return { url: `http://${headers.get("host")}/`, headers: { get: read } } as unknown as Request;
}

/** Returns the Cookie header that the browser sent, or will send next if this request has changed our cookie. */
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
  return now === "" ? undefined : `${name}=${now}`;
}

/** Freezes plain data. */
function freeze<V>(value: V): V {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const each of Object.values(value)) freeze(each);
  return Object.freeze(value);
}
