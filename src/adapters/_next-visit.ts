import { findTokens } from "../core/cookie.ts";
import type { LoadOptions } from "../core/load.ts";
import { warnIfDropped } from "../core/response-headers.ts";
import { currentOf, type Session, stateOf } from "../core/session.ts";
import { farewellsOf, type Sessions } from "../core/sessions.ts";
import { commit, info } from "../core/verbs.ts";
import { type CookieParts, ownCookies, partsOf } from "./_cookie-parts.ts";
import { isAnswer } from "./_next-thrown.ts";

/** The two functions of `next/headers`. */
export interface NextHeaders {
  cookies(): Promise<NextCookies>;
  headers(): Promise<{ get(name: string): string | null }>;
}

/** What is needed of what `cookies` answers. */
export interface NextCookies {
  get(name: string): { readonly value: string } | undefined;
  getAll(): readonly object[];
  set(cookie: CookieParts): unknown;
}

/** A server action's use of its session; Next gives it no request and no response. */
export class NextVisit<T extends object> {
  readonly #sessions: Sessions<T>;
  readonly #next: NextHeaders;
  readonly #session: Session<T>;

  private constructor(sessions: Sessions<T>, next: NextHeaders, session: Session<T>) {
    this.#sessions = sessions;
    this.#next = next;
    this.#session = session;
  }

  static async open<T extends object>(
    sessions: Sessions<T>,
    next: NextHeaders,
    options: LoadOptions | undefined,
  ): Promise<NextVisit<T>> {
    const session = await sessions.load(await cookieHeader(sessions, next), options);
    return new NextVisit(sessions, next, session);
  }

  get session(): Session<T> {
    return currentOf(this.#session);
  }

  /** Runs the action, and saves unless it failed. Throws what the action throws, or why it could not be saved. */
  async during<Result>(run: () => Result): Promise<Awaited<Result>> {
    let result: Awaited<Result>;
    try {
      result = await run();
    } catch (thrown) {
      if (isAnswer(thrown)) await this.#save();
      else await this.#give(this.#sessions.discard(this.#session));
      throw thrown;
    }
    await this.#save();
    return result;
  }

  async #save(): Promise<void> {
    let line: string | undefined;
    try {
      line = await this.#sessions.commit(this.#session);
    } catch (error) {
      await this.#give(this.#sessions.discard(this.#session));
      throw error;
    }
    await this.#give(line);
  }

  async #give(line: string | undefined): Promise<void> {
    if (line === undefined) return;
    const [cookies, headers] = await Promise.all([this.#next.cookies(), this.#next.headers()]);
    const forwardedProto = headers.get("x-forwarded-proto");
    warnIfDropped(this.#sessions, { secure: false, host: headers.get("host"), forwardedProto });
    for (const each of [...farewellsOf(this.#session), line]) {
      const parts = partsOf(each);
      try {
        cookies.set(parts);
      } catch (error) {
        // In a component Next sets none. One that is to go may as well stay: it stands for nothing any more.
        if (parts.maxAge !== 0) throw error;
      }
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

/** The session of the request that is running, to look at. */
export async function readSession<T extends object>(
  sessions: Sessions<T>,
  next: NextHeaders,
): Promise<Readonly<Session<T>>> {
  const header = await cookieHeader(sessions, next);
  const session = await sessions.load(ownCookies(header, sessions.options.cookie.name));
  // Whoever only looks at pages would be forgotten while he does.
  if (info(session).stored) await commit(session);
  stateOf(session)!.state = "shown";
  return freeze(session);
}

/** The Cookie header that the browser sent, or will send next if this request has changed our cookie. */
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

/** As far as plain data goes. */
function freeze<V>(value: V): V {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const each of Object.values(value)) freeze(each);
  return Object.freeze(value);
}
