import { exclusive, login, logout, rotate, type Session, type Sessions, update } from "micropie";
import { replaceData } from "micropie/core/session";
import { handleOf } from "./_server.ts";
import type { Program } from "./_steps.ts";

export type Data = Record<string, number>;

/** The key that a process writes. */
export const keyOf = (process: number): string => `k${process}`;

/** Who asks, and for whom. */
export interface Asker {
  readonly sessions: Sessions<Data>;
  readonly cookie: string;
  readonly process: number;
  readonly userId: string;
}

/** Does what a program does; returns the Set-Cookie line of its answer. */
type Act = (asker: Asker) => Promise<string | undefined>;

/** A request whose handler does this. */
const request =
  (handler: (session: Session<Data>, asker: Asker) => unknown): Act =>
  async (asker) => {
    const session = await asker.sessions.load(asker.cookie);
    await handler(session, asker);
    return asker.sessions.commit(session);
  };

/** The programs of the model, as requests and calls of the real engine. */
export const ACTS: Record<Program, Act> = {
  write: request((session, { process }) => {
    session[keyOf(process)] = 1;
  }),
  read: request(() => {}),
  rotate: request((session, { process }) => {
    session[keyOf(process)] = 1;
    rotate(session);
  }),
  elevate: request((session) => rotate(session, "elevated")),
  signIn: request((session, { userId }) => login(session, userId)),
  logout: request((session) => logout(session)),
  drain: request((session) => {
    for (const key of Object.keys(session)) delete session[key];
  }),
  replace: request((session) => replaceData(session, {})),
  update: request((session) => update(session, "count", (count) => (count ?? 0) + 1)),
  exclusive: request((session) =>
    exclusive(session, () => {
      session.turns = (session.turns ?? 0) + 1;
    }),
  ),
  async revokeAll({ sessions, userId }) {
    await sessions.revoke({ userId });
    return undefined;
  },
  async revokeOne({ sessions, cookie }) {
    await sessions.revoke({ handle: handleOf(cookie) });
    return undefined;
  },
};
