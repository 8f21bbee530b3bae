import { InMemorySessionBackend } from "../backends/memory.ts";
import type { Loose, Registered, Session } from "../core/register.ts";
import { createSessions } from "../core/sessions.ts";
import { checkUserId } from "../core/user.ts";
import { login } from "../core/verbs.ts";
import { refuseUnknown } from "../option-names.ts";
import { fill } from "./fill.ts";

/** Whose session it is. */
export interface TestSessionOptions {
  /** Who is signed in. Default: nobody. */
  readonly userId?: string | number | undefined;
}

/**
 * Returns a session as a request has it, with a copy of this data: for unit tests of functions that take one. Every verb
 * works on it and reaches no store but a new one in memory, which is this session's alone; nothing has to be closed. With
 * data or a user it is stored, as on a later visit; with neither it is new, as on the first.
 *
 * Throws TypeError for data or options that are no objects, UserIdError for what is no user's id, DataError for data that
 * no store can hold.
 */
export function testSession<T extends object = Registered>(
  data: Loose<T> = {},
  options: TestSessionOptions = {},
): Session<T> {
  if (typeof options !== "object" || options === null)
    throw new TypeError("testSession: pass { userId } as the second argument, or nothing.");
  refuseUnknown(options, ["userId"]);
  const sessions = createSessions<T>({ backend: new InMemorySessionBackend() });
  // In memory, each of these returns at once.
  const first = sessions.load() as Session<T>;
  fill("testSession", first, data);
  if (options.userId !== undefined) login(first, checkUserId("testSession", options.userId));
  const line = sessions.commit(first) as string | undefined;
  return sessions.load(line?.split(";", 1)[0]) as Session<T>;
}
