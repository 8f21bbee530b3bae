import { createSessions } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";

export interface Data {
  visits: number;
  name: string;
  streamed: number;
}

export const sessions = createSessions<Data>({
  backend: new SqliteSessionBackend(process.env.SESSIONS ?? "sessions.sqlite"),
});
