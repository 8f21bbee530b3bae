import { createSessions, info, type Session, type SessionOptions, type Sessions } from "micropie";
import { type NextSessions, nextSessions } from "micropie/adapters/next";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { GatedBackend, type VirtualEnvironment, virtualEnvironment, withClock } from "micropie/testing";
import { printedBy } from "../../src/testing/printed.ts";
import { Guest } from "./_guest.ts";
import { type NextSite, nextHeaders, serveNext } from "./_next-site.ts";

export interface Data {
  visits: number;
  name: string;
  notice: string;
}

/** What one case plays with. */
export interface Stage {
  readonly clock: VirtualEnvironment;
  readonly store: GatedBackend;
  readonly sessions: Sessions<Data>;
  guest(jar?: Map<string, string>): Guest;
  /** What is stored for this guest. */
  stored(guest: Guest): Promise<object>;
}

export const count = (session: Session<Data>): void => {
  session.visits = (session.visits ?? 0) + 1;
};

/** A route handler that counts. */
export const counting = ({ route }: NextSessions<Data>): ReturnType<typeof route> =>
  route((_, session) => {
    count(session);
    return new Response();
  });

/** What a page says of its session. */
export const shown = async ({ read }: NextSessions<Data>): Promise<string> => {
  const session = await read();
  return `visits: ${session.visits ?? 0}, user: ${info(session).userId ?? "nobody"}`;
};

/** Serves an application of Next that does this, and takes it down again. */
export async function onStage(
  make: (ours: NextSessions<Data>) => NextSite,
  run: (stage: Stage) => Promise<void>,
  options: SessionOptions<Data> = {},
): Promise<void> {
  const clock = virtualEnvironment();
  const store = new GatedBackend(withClock(new InMemorySessionBackend(), clock.now));
  const sessions = createSessions<Data>({ ...options, backend: store });
  const served = await serveNext(make(nextSessions(sessions, { ...nextHeaders, onError: () => {} })));
  try {
    // Next says aloud what failed.
    await printedBy(() =>
      run({
        clock,
        store,
        sessions,
        guest: (jar) => new Guest(served.url, jar),
        stored: async ({ jar }) => ({ ...(await sessions.load(`session_id=${jar.get("session_id")}`)) }),
      }),
    );
  } finally {
    await served.close();
  }
}
