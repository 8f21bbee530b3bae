import type { Loose } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import { checkUserId } from "../core/user.ts";
import { login } from "../core/verbs.ts";
import { refuseUnknown } from "../option-names.ts";
import { fill } from "./fill.ts";

/** How a client is to show its session. */
export interface SignedInOptions {
  /** Set to true for the value of the header that the option `tokenHeader` of the sessions names. Default: a cookie. */
  readonly token?: boolean | undefined;
}

/**
 * Signs a user in on these sessions, with this data, as a sign-in of the application would. Returns the text of a Cookie
 * header for the requests of a test: `.set("Cookie", await signedIn(sessions, "ann"))`. The session is stored like any other,
 * so it is listed, expires and is revoked like any other.
 *
 * Throws TypeError for what is no `Sessions`, for `token` without the option `tokenHeader`, and for data in which the
 * option `userIdOf` finds somebody else; UserIdError, DataError and BackendError as a sign-in does.
 */
export async function signedIn<T extends object>(
  sessions: Sessions<T>,
  userId: string | number,
  data: Loose<T> = {},
  { token = false, ...others }: SignedInOptions = {},
): Promise<string> {
  if (typeof sessions?.load !== "function" || typeof sessions.commit !== "function")
    throw new TypeError("signedIn: pass what createSessions returned, or `app.sessions` of an App.");
  refuseUnknown(others, []);
  const { userIdOf, tokenHeader } = sessions.options;
  if (token && tokenHeader === undefined)
    throw new TypeError("signedIn: these sessions have no `tokenHeader`, so there is no token to send.");
  const user = checkUserId("signedIn", userId);
  const session = await sessions.load(undefined, token ? { token: "new" } : undefined);
  fill("signedIn", session, data);
  // The option signs in by the data, and would sign out whoever is not in it.
  if (userIdOf === undefined) login(session, user);
  else if (String(userIdOf(session as Record<string, unknown>)) !== user)
    throw new TypeError(
      `signedIn: these sessions have \`userIdOf\`, so pass data in which it finds "${user}".`,
    );
  const sent = (await sessions.commit(session))!;
  return token ? sent : sent.split(";", 1)[0]!;
}
