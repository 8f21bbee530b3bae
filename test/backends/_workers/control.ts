import { DurableObject, env } from "cloudflare:workers";
import type { SessionBackend } from "micropie/backends/backend";
import { type D1Like, D1SessionBackend, type D1Statement } from "micropie/backends/d1";
import {
  DurableObjectSessionBackend,
  type SentMethod,
  type SessionsNamespace,
  SessionsObject,
} from "micropie/backends/durable-object";
import { newPatch } from "../_records.ts";
import { OLDER } from "./suite.ts";

/** A call that a test asks for. */
export interface Asked {
  readonly on: "d1" | "objects" | "sql" | "object";
  readonly options?: object;
  readonly verb: string;
  readonly args: unknown[];
}

/** What came of it: calls are round trips to the store. */
export interface Came {
  readonly value?: unknown;
  readonly error?: { name: string; message: string; option?: string };
  readonly calls: number;
  readonly expired: unknown[];
}

const { DB, SESSIONS } = env;
/** How many reads of objects are still to be cut short by a reset. */
let resets = 0;

export class Sessions extends SessionsObject(DurableObject) {
  override async run<M extends SentMethod>(
    ...call: [method: M, ...args: Parameters<SessionBackend[M]>]
  ): Promise<Awaited<ReturnType<SessionBackend[M]>>> {
    if (resets-- > 0) this.ctx.abort("a new version was deployed");
    return super.run(...call);
  }
  async sql(query: string, ...values: (string | number)[]): Promise<unknown[]> {
    return this.ctx.storage.sql.exec(query, ...values).toArray();
  }
  nextAlarm(): Promise<number | null> {
    return this.ctx.storage.getAlarm();
  }
  wake(): Promise<void> {
    return this.ctx.storage.setAlarm(Date.now());
  }
}

let calls = 0;
const expired: unknown[] = [];
const backends = new Map<string, SessionBackend>();

/** The binding, with its round trips counted. */
const countingDb: D1Like = {
  prepare: (sql) => counting(DB.prepare(sql)),
  batch: (statements) => {
    calls++;
    return DB.batch(statements.map((statement) => inner.get(statement)!));
  },
};
const inner = new WeakMap<D1Statement, D1Statement>();

function counting(statement: D1Statement): D1Statement {
  const counted: D1Statement = {
    bind: (...values) => counting(statement.bind(...values)),
    all: () => {
      calls++;
      return statement.all();
    },
  };
  inner.set(counted, statement);
  return counted;
}

const countingNamespace: SessionsNamespace = {
  idFromName: (name) => SESSIONS.idFromName(name),
  get: (id, options) => {
    calls++;
    return SESSIONS.get(id, options);
  },
};

/** One for each options, as a Worker has one. */
function backendFor({ on, options = {} }: Asked): SessionBackend {
  const key = JSON.stringify([on, options]);
  let backend = backends.get(key);
  if (backend === undefined) {
    backend =
      on === "d1"
        ? new D1SessionBackend(countingDb, options)
        : new DurableObjectSessionBackend(countingNamespace, options);
    backend.onExpired = (handle, userId) => expired.push([handle, userId]);
    backends.set(key, backend);
  }
  return backend;
}

async function run(asked: Asked): Promise<unknown> {
  const { on, verb, args } = asked;
  if (on === "sql")
    return (
      await DB.prepare(verb.replace("OLDER", OLDER))
        .bind(...(args as string[]))
        .all()
    ).results;
  if (on === "object") {
    const [name, ...rest] = args;
    if (verb === "reset") {
      resets = 1;
      return undefined;
    }
    const object = SESSIONS.get(SESSIONS.idFromName(String(name))) as Record<
      string,
      (...rest: unknown[]) => unknown
    >;
    return object[verb]!(
      ...rest.map((each) => (typeof each === "string" ? each.replace("OLDER", OLDER) : each)),
    );
  }
  const backend = backendFor(asked) as unknown as Record<string, (...rest: unknown[]) => unknown>;
  if (verb === "new") return undefined;
  if (verb !== "patch") return backend[verb]!(...args);
  const [handle, set, differences] = args as [string, Record<string, unknown>, object];
  return backend.patch!(handle, newPatch(set, differences));
}

export default {
  async fetch(request: Request): Promise<Response> {
    calls = 0;
    expired.length = 0;
    const came = await run((await request.json()) as Asked).then(
      (value) => ({ value }),
      ({ name, message, option }) => ({ error: { name, message, option } }),
    );
    return Response.json({ ...came, calls, expired } satisfies Came);
  },
};
