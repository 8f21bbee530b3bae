/** micropie's `App`, on memory, or on a SQLite file if asked (`--sqlite`). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "micropie";
import { COUNT_BODY, listening, MAX_AGE, NONE_BODY, READ_BODY } from "../lib/child.js";

class Visits extends App {
  index() {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return COUNT_BODY(session.visits);
  }

  read() {
    return READ_BODY(this.request.session.visits ?? 0);
  }

  none() {
    return NONE_BODY;
  }
}

const options = { cookie: { secure: false, persistent: true }, idleTimeout: MAX_AGE };
let folder;
if (process.argv.includes("--sqlite")) {
  const { SqliteSessionBackend } = await import("micropie/backends/sqlite");
  folder = mkdtempSync(join(tmpdir(), "micropie-bench-"));
  options.sessionBackend = new SqliteSessionBackend(join(folder, "sessions.sqlite"));
}
const running = await new Visits(options).serve({ port: 0, hostname: "127.0.0.1" });
listening(running.port ?? Number(new URL(running.url).port), async () => {
  await running.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});
