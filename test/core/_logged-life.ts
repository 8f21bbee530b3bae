import { createHash } from "node:crypto";
import { createSessions, InMemorySessionBackend, login, logout, rotate, type SessionOptions } from "micropie";
import { browser, virtualEnvironment } from "micropie/testing";

type Logger = NonNullable<SessionOptions["logger"]>;
type Level = "debug" | "info" | "warn" | "error";

/** A log that is read by the tests. */
export class Lines {
  readonly all: [level: Level, message: string, fields: object][] = [];

  get logger(): Logger {
    const at =
      (level: Level) =>
      (message: string, fields: object): void =>
        void this.all.push([level, message, fields]);
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  of(level: Level): [message: string, fields: object][] {
    return this.all.filter(([each]) => each === level).map(([, message, fields]) => [message, fields]);
  }
}

/** Lives through what can happen to a session. Returns its handle, and what no log may have: its secrets and their hashes. */
export async function lifeOf(logger: Logger): Promise<{ handle: string; secrets: string[] }> {
  const clock = virtualEnvironment();
  const backend = new InMemorySessionBackend();
  const sessions = createSessions<{ visits: number }>({ backend, environment: clock, logger });
  const secrets: string[] = [];
  const ann = browser(sessions);
  const keep = (): void => {
    const secret = ann.cookie!.split("=")[1]!.slice(16);
    secrets.push(secret, createHash("sha256").update(`${secret}session_id`).digest("base64url"));
  };
  await ann.request((session) => Object.assign(session, { visits: 1 }));
  keep();
  const handle = ann.cookie!.split("=")[1]!.slice(0, 16);
  const slow = await ann.begin();
  await ann.request((session) => login(session, "ann"));
  keep();
  slow.visits = 2;
  await sessions.commit(slow);
  const thief = browser(sessions, ann.cookie);
  await ann.request((session) => rotate(session));
  keep();
  clock.advance(60);
  await thief.request(() => {});
  const late = browser(sessions, ann.cookie);
  await ann.request((session) => logout(session));
  await late.request(() => {});
  backend.read = () => {
    throw Object.assign(new Error("the disk is gone"), { code: "EIO", args: secrets });
  };
  await late.request(() => {}).catch(() => {});
  await sessions.close();
  return { handle, secrets };
}
