import { createSessions } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";

export const sessions = createSessions<{ visits: number; cart: string[] }>({
  backend: process.env.SESSIONS ? new SqliteSessionBackend(process.env.SESSIONS) : undefined,
  cookie: { domain: process.env.DOMAIN || undefined, secure: process.env.INSECURE ? false : undefined },
  tokenHeader: process.env.TOKEN_HEADER,
  timeouts: process.env.AAL2 ? "aal2" : { idle: "30m", absolute: undefined },
  lock: { wait: process.env.HURRY ? "1s" : undefined },
});

declare module "micropie" {
  interface Register {
    session: typeof sessions;
  }
}
