import { DatabaseSync } from "node:sqlite";
import { createSessions, DataError, SessionBackend, type SessionData } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { onEvent } from "micropie/testing/events";
import { expect, test } from "vitest";
import { logged } from "./_logged.ts";

const SECRET = "correct horse battery staple";
const HASH = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE";

class Failing extends SessionBackend {
  readonly #thrown: unknown;

  constructor(thrown: unknown) {
    super();
    this.#thrown = thrown;
  }

  load(): SessionData {
    return {};
  }

  save(): void {
    throw this.#thrown;
  }

  override create(): never {
    throw this.#thrown;
  }
}

/** What a request and a listener get when the back-end throws this. */
async function told(backend: SessionBackend): Promise<{ error: Error & { cause: Error }; event: unknown }> {
  const events: unknown[] = [];
  const stop = onEvent("backend_failed", ({ error }) => events.push(error));
  const sessions = createSessions({ backend });
  const session = await sessions.load(undefined);
  session.text = SECRET;
  try {
    await sessions.commit(session);
  } catch (error) {
    return { error: error as Error & { cause: Error }, event: events[0] };
  } finally {
    stop();
  }
  throw new Error("nothing was thrown");
}

const data = `{"text":"${SECRET}"}`;

/** Errors as drivers throw them, and what is told of them. */
const errors: Record<
  string,
  [thrown: unknown, told: { name: string; message: string; code?: string | number }]
> = {
  ioredis: [
    Object.assign(new Error("WRONGTYPE Operation against a key"), {
      name: "ReplyError",
      command: { name: "evalsha", args: [HASH, data] },
    }),
    { name: "ReplyError", message: "WRONGTYPE Operation against a key" },
  ],
  "redis, a command that is not there": [
    new Error(`ERR unknown command 'EVALSHA', with args beginning with: '${HASH}' '${data}'`),
    { name: "Error", message: "ERR unknown command 'EVALSHA'…" },
  ],
  pg: [
    Object.assign(new Error('new row for relation "sessions" violates check constraint "small"'), {
      name: "error",
      code: "23514",
      detail: `Failing row contains (abc, ${data}, ${HASH}).`,
      where: data,
    }),
    {
      name: "error",
      code: "23514",
      message: 'new row for relation "sessions" violates check constraint "small"',
    },
  ],
  "postgres.js": [
    Object.assign(new Error("canceled"), {
      name: "PostgresError",
      code: "57014",
      parameters: [data],
      query: HASH,
    }),
    { name: "PostgresError", code: "57014", message: "canceled" },
  ],
  mysql2: [
    Object.assign(new Error(`Incorrect string value: '${SECRET}' for column 'data'`), {
      code: "ER_TRUNCATED_WRONG_VALUE",
      errno: 1292,
      sql: `INSERT ... ${data}`,
      sqlMessage: `Incorrect string value: '${SECRET}!' for column 'data'`,
    }),
    {
      name: "Error",
      code: "ER_TRUNCATED_WRONG_VALUE",
      message: "Incorrect string value: '…' for column 'data'",
    },
  ],
  mariadb: [
    Object.assign(new Error(`(conn=4) Table 'x' is gone\nsql: INSERT - parameters:['${HASH}','${data}']`), {
      name: "SqlError",
      code: "ER_NO_SUCH_TABLE",
      sql: data,
    }),
    { name: "SqlError", code: "ER_NO_SUCH_TABLE", message: "(conn=4) Table 'x' is gone" },
  ],
  "several addresses": [
    Object.assign(new AggregateError([new Error("connect ECONNREFUSED 127.0.0.1:1")]), {
      code: "ECONNREFUSED",
    }),
    { name: "AggregateError", code: "ECONNREFUSED", message: "connect ECONNREFUSED 127.0.0.1:1" },
  ],
  "damaged JSON": [
    (() => {
      try {
        return JSON.parse(`{"a":1,${SECRET}}`);
      } catch (error) {
        return error;
      }
    })(),
    { name: "SyntaxError", message: "what was read is not valid" },
  ],
  "a file store": [new Error(`cannot write ${data} to /tmp`), { name: "Error", message: "cannot write …" }],
  "a text": [`failed for ${HASH}`, { name: "Error", message: "failed for …" }],
  "an object": [{ data }, { name: "Error", message: "object thrown" }],
};

test.each(Object.entries(errors))(
  "%s: its name, code and message are told, and no data",
  async (_, [thrown, about]) => {
    const { error, event } = await told(new Failing(thrown));
    expect(error).toMatchObject({ name: "BackendError", code: "backend_failed" });
    const { name, message, code } = error.cause as Error & { code?: string };
    expect({ name, message, ...(code === undefined ? {} : { code }) }).toEqual(about);
    expect(error.cause.stack).toMatch(/^\w+: .*\n\s+at /);
    for (const each of [error, event]) {
      expect(logged(each)).not.toContain("horse");
      expect(logged(each)).not.toContain(HASH);
    }
  },
);

test("an error of ours that a back-end throws keeps its kind, and its cause tells no data either", async () => {
  const cause = Object.assign(new Error("no"), { args: [data] });
  const { error, event } = await told(
    new Failing(new DataError("too_large", "text", "Too large.", { cause })),
  );
  expect(error).toMatchObject({ name: "DataError", code: "too_large", cause: { message: "no" } });
  for (const each of [error, event]) expect(logged(each)).not.toContain("horse");
});

test("SQLite: a row that is refused is not in the error", async () => {
  const db = new DatabaseSync(":memory:");
  const backend = new SqliteSessionBackend(db);
  await backend.read("a");
  db.exec("CREATE TRIGGER refuse BEFORE INSERT ON sessions BEGIN SELECT raise(ABORT, 'refused'); END");
  const { error, event } = await told(backend);
  expect(error.cause).toMatchObject({ message: "refused", code: expect.anything() });
  for (const each of [error, event]) expect(logged(each)).not.toContain("horse");
  db.close();
});
