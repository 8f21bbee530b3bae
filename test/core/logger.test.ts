import { Console } from "node:console";
import { Writable } from "node:stream";
import { createSessions, InMemorySessionBackend, login, logout, rotate, type Sessions } from "micropie";
import { browser, virtualEnvironment } from "micropie/testing";
import { expect, onTestFinished, test } from "vitest";
import { Lines, lifeOf } from "./_logged-life.ts";

test("each event is logged at its level: a life in `debug`, sign-ins and ends in `info`, what may be an attack in `warn`", async () => {
  const lines = new Lines();
  const { handle, secrets } = await lifeOf(lines.logger);
  const about = { realm: "session_id", handle };
  const ann = { ...about, userId: "ann" };
  expect(lines.all).toEqual([
    ["debug", "session created", { event: "created", ...about }],
    ["info", "user signed in", { event: "rotated", ...ann }],
    ["warn", "what a request wrote was dropped", { event: "discarded", ...about, reason: "stale" }],
    ["debug", "session has a new id", { event: "rotated", ...ann }],
    ["warn", "replaced id used: its cookie may be stolen", { event: "reused", ...ann }],
    ["info", "user logged out", { event: "logged_out", ...ann, reason: "logout" }],
    ["debug", "unknown id", { event: "unknown", ...about }],
    [
      "error",
      "session back-end failed",
      {
        event: "backend_failed",
        realm: "session_id",
        operation: "read",
        error: "Error",
        code: "EIO",
        reason: "the disk is gone",
      },
    ],
  ]);
  const said = JSON.stringify(lines.all);
  for (const secret of secrets) expect(said).not.toContain(secret);
});

test("the console takes them as they are", async () => {
  let text = "";
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  const { handle, secrets } = await lifeOf(new Console({ stdout: stream, stderr: stream }));
  expect(text).toContain(
    `user signed in {\n  event: 'rotated',\n  realm: 'session_id',\n  handle: '${handle}',\n  userId: 'ann'\n}`,
  );
  for (const secret of secrets) expect(text).not.toContain(secret);
});

function loud(): {
  lines: Lines;
  sessions: Sessions;
  clock: ReturnType<typeof virtualEnvironment>;
  backend: InMemorySessionBackend;
} {
  const lines = new Lines();
  const clock = virtualEnvironment();
  const backend = new InMemorySessionBackend();
  const sessions = createSessions({ backend, environment: clock, logger: lines.logger });
  onTestFinished(() => sessions.close());
  return { lines, sessions, clock, backend };
}

test("one unknown id is no warning, and twenty in ten seconds are one, with their number", async () => {
  const { lines, sessions, clock } = loud();
  const guess = (times: number): void => {
    for (let n = 0; n < times; n++) sessions.load(`session_id=${String(n).padStart(48, "a")}`);
  };
  guess(19);
  clock.advance(11);
  expect(lines.of("warn")).toEqual([]);
  guess(500);
  clock.advance(11);
  expect(lines.of("warn")).toEqual([
    [
      "unknown id, 500 times in ten seconds",
      { event: "unknown", realm: "session_id", kind: "unknown", count: 500 },
    ],
  ]);
});

test("a store that is down is one error in ten seconds for each operation, then their number", async () => {
  const { lines, sessions, clock, backend } = loud();
  backend.read = () => {
    throw new Error("gone");
  };
  for (let n = 0; n < 300; n++) expect(() => sessions.load(`session_id=${"a".repeat(48)}`)).toThrow(/failed/);
  clock.advance(11);
  expect(lines.of("error").map(([message]) => message)).toEqual([
    "session back-end failed",
    "session back-end failed, 300 times in ten seconds",
  ]);
});

test("a logger that throws fails no request, and one without the four methods is refused by name", async () => {
  const fails = (): never => {
    throw new Error("the log is full");
  };
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  const sessions = createSessions({ logger: { debug: fails, info: fails, warn: fails, error: fails } });
  await browser(sessions).request((session) => Object.assign(session, { visits: 1 }));
  expect((await warned).message).toContain("the log is full");
  await sessions.close();
  expect(() => createSessions({ logger: { info: fails } as never })).toThrow(
    /^logger: Pass console, a logger of pino/,
  );
});

test("nothing is logged after close", async () => {
  const { lines, sessions } = loud();
  await sessions.close();
  const ann = browser(sessions);
  await ann.request((session) => login(session, "ann"));
  await ann.request((session) => rotate(session));
  await ann.request((session) => logout(session));
  expect(lines.all).toEqual([]);
});
