import { Writable } from "node:stream";
import type { SessionOptions } from "micropie";
import { expect, test } from "vitest";
import { driver } from "./_drivers.ts";
import { lifeOf } from "./core/_logged-life.ts";

type Logger = NonNullable<SessionOptions["logger"]>;

type Pino = (options: { level: string }, to: Writable) => Logger;

interface Winston {
  createLogger(options: object): Logger;
  readonly transports: { Stream: new (options: { stream: Writable }) => object };
  readonly format: { json(): object };
}

/** The lines of JSON that were written, without what each library adds. */
function written(): { stream: Writable; lines: () => Record<string, unknown>[]; text: () => string } {
  let text = "";
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  return {
    stream,
    text: () => text,
    lines: () =>
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
  };
}

const EVENTS = [
  "created",
  "rotated",
  "discarded",
  "rotated",
  "reused",
  "logged_out",
  "unknown",
  "backend_failed",
];

test("pino gets each event as fields and a message, at its level, without a secret", async () => {
  const { stream, lines, text } = written();
  const { handle, secrets } = await lifeOf(driver<Pino>("pino")({ level: "debug" }, stream));
  expect(lines().map(({ event }) => event)).toEqual(EVENTS);
  expect(lines().map(({ level }) => level)).toEqual([20, 30, 40, 20, 40, 30, 20, 50]);
  expect(lines()[1]).toMatchObject({ handle, userId: "ann", realm: "session_id", msg: "user signed in" });
  for (const secret of secrets) expect(text()).not.toContain(secret);
});

test("winston gets each event as a message and fields, at its level, without a secret", async () => {
  const { stream, lines, text } = written();
  const { createLogger, transports, format } = driver<Winston>("winston");
  const logger = createLogger({
    level: "debug",
    format: format.json(),
    transports: [new transports.Stream({ stream })],
  });
  const { handle, secrets } = await lifeOf(logger);
  expect(lines().map(({ event }) => event)).toEqual(EVENTS);
  expect(lines().map(({ level }) => level)).toEqual([
    "debug",
    "info",
    "warn",
    "debug",
    "warn",
    "info",
    "debug",
    "error",
  ]);
  expect(lines()[1]).toMatchObject({ handle, userId: "ann", realm: "session_id", message: "user signed in" });
  for (const secret of secrets) expect(text()).not.toContain(secret);
});
