import type { ChannelListener, OpenChannel } from "./channel.ts";
import { connectionsOf, type RedisTemplate } from "./redis-connection.ts";

const TOLD = "__redis__:invalidate";

/**
 * Lets the server track all keys of this prefix, and tell of each that changes, ends or expires, whoever did it
 * (https://redis.io/docs/latest/develop/reference/client-side-caching/). In RESP2 that takes two connections: one that
 * tracks, and one that is told.
 *
 * A ping goes through both. The answer of the one that is told comes after all it was told before: what the server had
 * acknowledged before the ping was sent, it did in an earlier round of its event loop, and at the end of each round it
 * tells. That the other one could delete shows that tracking is still on, and that the server is still a primary.
 * Throws ConfigError `redis`.
 */
export function redisChannel(client: RedisTemplate, prefix: string): OpenChannel {
  const { keyPrefix, make } = connectionsOf(client);
  const start = keyPrefix + prefix;
  /** No session: a handle is longer. */
  const nobody = `${start}lease`;

  return async (listener, signal) => {
    const tracking = make();
    const told = make();
    signal.addEventListener("abort", () => {
      tracking.close();
      told.close();
    });
    await Promise.all([tracking.open(listener.lost), told.open(listener.lost)]);
    const id = await told.send("CLIENT", "ID");
    await told.subscribe(TOLD, (keys) => tell(keys, start.length, listener));
    await tracking.send("CLIENT", "TRACKING", "ON", "REDIRECT", String(id), "BCAST", "PREFIX", start);
    return {
      ping: async () => void (await Promise.all([tracking.send("DEL", nobody), told.ping()])),
    };
  };
}

/** `keys` is null when the server was emptied. */
function tell(keys: unknown, from: number, listener: ChannelListener): void {
  if (!Array.isArray(keys)) listener.changedAll();
  else for (const key of keys) listener.changed(String(key).slice(from));
}
