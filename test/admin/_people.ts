import { createSessions, InMemorySessionBackend, login, type SessionBackend, type Sessions } from "micropie";
import type { LoadSave } from "micropie/backends/backend";
import { virtualEnvironment } from "micropie/testing";

export interface Data {
  cart: string[];
  card: string;
  operator: boolean;
}

export const AGENTS = {
  laptop: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
  phone:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
} as const;

export const START = Date.UTC(2026, 0, 1, 12) / 1000;

/** Sessions on a clock that the test moves. */
export function sessionsInTime(backend?: SessionBackend | LoadSave) {
  const environment = virtualEnvironment({ start: START });
  const sessions = createSessions<Data>({
    backend: backend ?? new InMemorySessionBackend(),
    environment,
    device: { address: "network" },
  });
  return { environment, sessions };
}

/** Somebody visits, and signs in if there is a name. Returns the Cookie header of the browser. */
export async function visitor(
  sessions: Sessions<Data>,
  userId?: string,
  headers: Record<string, string> = { "user-agent": AGENTS.laptop },
  data: Partial<Data> = { cart: ["tea"] },
): Promise<string> {
  const session = await sessions.load(new Request("http://localhost/", { headers }));
  Object.assign(session, data);
  if (userId !== undefined) login(session, userId, { by: ["password"] });
  const line = await sessions.commit(session);
  return line!.split(";")[0]!;
}

/** Returns the handle in a Cookie header. */
export function handleIn(cookie: string): string {
  return cookie.split("=")[1]!.slice(0, 16);
}
