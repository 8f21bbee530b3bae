import { createSessions } from "micropie";
import { nextSessions } from "micropie/adapters/next";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { cookies, headers } from "next/headers";

export interface Data {
  visits: number;
  name: string;
  device: string;
  streamed: number;
}

export const sessions = createSessions<Data>({
  backend: new SqliteSessionBackend(process.env.SESSIONS ?? "sessions.sqlite"),
});

export const { read, action, route, proxy } = nextSessions(sessions, { cookies, headers });
