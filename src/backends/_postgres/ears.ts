import type { PgLike, PostgresJsLike, PostgresLike } from "./like.ts";

/** What is heard on some channels. */
export interface Hearing {
  message(channel: string, text: string): void;
  /** The connection is gone. */
  lost(): void;
}

/** Opens a connection of its own that listens, and returns how to close it. Undefined for a client that has no way to do so. */
export type Listen = (channels: readonly string[], hearing: Hearing) => Promise<(() => void) | undefined>;

/** Returns how to listen with a client. */
export function earsOf(client: PostgresLike): Listen {
  if ("unsafe" in client) return withPostgresJs(client);
  return (channels, hearing) => withPg(client, channels, hearing);
}

interface PgClient {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  on(event: string, listener: (message: { channel: string; payload?: string }) => void): unknown;
  off(event: string, listener: (message: { channel: string; payload?: string }) => void): unknown;
  unref?(): void;
  end(): Promise<void>;
}

/**
 * A client made as the pool makes its own, but outside of it: it takes none of the connections that requests need, and
 * `pool.end()` does not wait for it.
 */
async function withPg(
  pool: PgLike,
  channels: readonly string[],
  { message, lost }: Hearing,
): Promise<(() => void) | undefined> {
  const { Client, options } = pool as { Client?: new (options: object) => PgClient; options?: object };
  if (typeof Client !== "function" || typeof options !== "object") return undefined;
  const own = new Client(options);
  const close = (): void => void own.end().catch(() => {});
  own.on("error", lost);
  own.on("end", lost);
  own.on("notification", ({ channel, payload = "" }) => message(channel, payload));
  try {
    await own.connect();
    own.unref?.();
    for (const channel of channels) await own.query(`LISTEN "${channel}"`);
  } catch (error) {
    close();
    throw error;
  }
  return close;
}

/** It listens again by itself after each loss, on one connection for all, so it is asked once for each channel. */
function withPostgresJs(sql: PostgresJsLike): Listen {
  if (sql.listen === undefined) return async () => undefined;
  const known = new Set<string>();
  const hearings = new Set<Hearing>();
  const ask = async (channel: string): Promise<void> => {
    known.add(channel);
    let times = 0;
    await sql.listen!(
      channel,
      (text) => {
        for (const hearing of hearings) hearing.message(channel, text);
      },
      () => {
        // Again: what was sent in between is gone.
        if (times++ > 0) for (const hearing of [...hearings]) hearing.lost();
      },
    );
  };
  return async (channels, hearing) => {
    for (const channel of channels) if (!known.has(channel)) await ask(channel);
    hearings.add(hearing);
    return () => void hearings.delete(hearing);
  };
}
