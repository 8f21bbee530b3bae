/**
 * Counts the visits of each visitor, with sessions in a SQLite file in this folder. `npm start` runs it.
 *
 *     npx micropie examples/visit-counter/app.ts
 */
import { fileURLToPath } from "node:url";
import { App } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";

const file = process.env.SESSIONS ?? fileURLToPath(new URL("sessions.sqlite", import.meta.url));

class VisitCounter extends App<{ visits: number }> {
  index() {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return `You have visited ${session.visits} times.`;
  }
}

export default new VisitCounter({ sessionBackend: new SqliteSessionBackend(file) });
