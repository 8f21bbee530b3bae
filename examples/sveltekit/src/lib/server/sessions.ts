import { createSessions } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";

interface Data {
  visits: number;
  name: string;
  device: string;
  streamed: number;
}

export const sessions = createSessions<Data>({
  backend: new SqliteSessionBackend(process.env.SESSIONS ?? "sessions.sqlite"),
});
declare module "micropie" {
  interface Register {
    session: typeof sessions; // types every `locals.session`
  }
}
