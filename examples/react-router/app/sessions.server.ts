import { createSessions } from "micropie";
import { reactRouterSessions } from "micropie/adapters/react-router";
import { SqliteSessionBackend } from "micropie/backends/sqlite";

export interface Data {
  visits: number;
  name: string;
  device: string;
  streamed: number;
}

export const sessions = createSessions<Data>({
  backend: new SqliteSessionBackend(process.env.SESSIONS ?? "sessions.sqlite"),
});

export const { middleware, context } = reactRouterSessions(sessions);
