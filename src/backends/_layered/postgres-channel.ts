import { randomBytes } from "node:crypto";
import { ConfigError } from "../../errors.ts";
import type { ChannelListener, OpenChannel } from "./channel.ts";

/** A `Pool` of pg. Its options are what our own connection is made from; none of its connections is taken. */
export interface PgPoolLike {
  readonly options: object;
  query(text: string): Promise<unknown>;
}

/** The `sql` of postgres (postgres.js), made for us alone. */
export interface PostgresJsListener {
  listen(
    channel: string,
    onNotify: (payload: string) => void,
    onListen: () => void,
  ): Promise<{ readonly state: Backend; unlisten(): Promise<void> }>;
  notify(channel: string, payload: string): PromiseLike<unknown>;
  unsafe(text: string, values: string[]): PromiseLike<readonly unknown[]>;
  end(options: { timeout: number }): Promise<void>;
}

/** Which process of the server a connection has. postgres.js writes the new one here when it has connected again. */
interface Backend {
  readonly pid: number;
  readonly secret: number;
}

export type PostgresListener = PgPoolLike | (() => PostgresJsListener);

interface PgClient {
  readonly processID?: number | null;
  readonly connection?: { readonly stream?: { destroy(): unknown } };
  on(event: "error" | "end", listener: (error?: unknown) => void): unknown;
  on(event: "notification", listener: (told: { channel: string; payload?: string }) => void): unknown;
  connect(): Promise<unknown>;
  query(text: string, values?: string[]): Promise<{ readonly rows: Record<string, unknown>[] }>;
  end(): Promise<void>;
}

/**
 * Listens to what `PostgresSessionBackend` lets the database tell (`notify: true`), on a connection of our own, which
 * must go to the server itself: a pooler that shares connections would lose some of it.
 *
 * A ping is a notification to ourselves. Notifications come in the order in which their transactions were committed
 * (https://www.postgresql.org/docs/current/sql-notify.html), so all that was committed before it has come before it.
 * Throws ConfigError `postgres`.
 */
export function postgresChannel(client: PostgresListener, channel: string): OpenChannel {
  if (typeof client === "function" && !("listen" in client)) return throughPostgresJs(client, channel);
  const { Client, options } = Object(client) as { Client?: unknown; options?: object };
  if (typeof Client === "function" && typeof options === "object")
    return throughPg(() => new (Client as new (options: object) => PgClient)(options), channel);
  throw new ConfigError(
    "postgres",
    "takes a Pool of pg, or a function that makes an sql of postgres for us alone",
  );
}

function throughPg(make: () => PgClient, channel: string): OpenChannel {
  return async (listener, signal) => {
    const client = make();
    const pings = new Pings();
    let isConnected = false;
    let last: Promise<unknown> = Promise.resolve();
    signal.addEventListener("abort", () => {
      const destroy = (): void => void client.connection?.stream?.destroy();
      // Each would wait for the server, which may be silent; and as long as it does, the process could not end.
      if (!isConnected) return destroy();
      client.end().catch(() => {});
      setTimeout(destroy, 1000).unref();
    });
    client.on("error", (error) => listener.lost(error));
    client.on("end", () => listener.lost(new Error("The connection to PostgreSQL was closed.")));
    client.on("notification", (told) => {
      if (told.channel === pings.channel) pings.answer(told.payload);
      else if (told.channel === channel) tell(told.payload, listener);
    });
    await client.connect();
    isConnected = true;
    const { rows } = await client.query("SELECT pg_backend_pid() AS pid");
    if (client.processID !== Number(rows[0]?.pid)) throw pooled();
    await client.query(`LISTEN "${channel}"; LISTEN "${pings.channel}"`);
    return {
      ping: () =>
        pings.send((nonce) => {
          // A client of pg is asked one thing at a time.
          last = last.then(() => client.query("SELECT pg_notify($1, $2)", [pings.channel, nonce]));
          return last;
        }),
    };
  };
}

function throughPostgresJs(make: () => PostgresJsListener, channel: string): OpenChannel {
  return async (listener, signal) => {
    const sql = make();
    const pings = new Pings();
    let before: Backend | undefined;
    let now: Backend | undefined;
    /** It connects again by itself; what was told before that is lost, and is noticed with the next word from there. */
    const isSame = (): boolean => {
      if (before === undefined || (before.pid === now?.pid && before.secret === now.secret)) return true;
      listener.lost(new Error("The connection to PostgreSQL was closed."));
      return false;
    };
    const onListen = (): void => void isSame();
    signal.addEventListener("abort", () => void sql.end({ timeout: 0 }).catch(() => {}));
    const { state } = await sql.listen(channel, (news) => isSame() && tell(news, listener), onListen);
    now = state;
    before = { pid: state.pid, secret: state.secret };
    await sql.listen(pings.channel, (nonce) => isSame() && pings.answer(nonce), onListen);
    // As texts: a pooler gives out numbers that are no process, and too large for one.
    const found = await sql.unsafe("SELECT FROM pg_stat_activity WHERE pid::text = $1", [`${state.pid}`]);
    if (found.length === 0) throw pooled();
    return { ping: () => pings.send((nonce) => Promise.resolve(sql.notify(pings.channel, nonce))) };
  };
}

/** Notifications to ourselves that have not come yet, on a channel that nobody else listens to. */
class Pings {
  readonly channel = `micropie_ping_${randomBytes(12).toString("hex")}`;
  readonly #waiting = new Map<string, () => void>();
  #count = 0;

  async send(notify: (nonce: string) => Promise<unknown>): Promise<void> {
    this.#count += 1;
    const nonce = String(this.#count);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(nonce, resolve);
    await notify(nonce);
    await promise;
  }

  answer(nonce: string | undefined): void {
    if (nonce === undefined) return;
    this.#waiting.get(nonce)?.();
    this.#waiting.delete(nonce);
  }
}

function tell(payload: string | undefined, listener: ChannelListener): void {
  if (payload === "*" || !payload) listener.changedAll();
  else listener.changed(payload);
}

function pooled(): Error {
  return new Error(
    "There is a pooler in between, which would lose notifications. Give one that connects to PostgreSQL itself.",
  );
}
