import { ConfigError } from "../../errors.ts";
import { namesOf } from "../_postgres/options.ts";
import { resolveOptions as resolveRedisOptions } from "../_redis/options.ts";
import type { OpenChannel } from "./channel.ts";
import { type PostgresListener, postgresChannel } from "./postgres-channel.ts";
import { redisChannel } from "./redis-channel.ts";
import type { RedisTemplate } from "./redis-connection.ts";

/** Options of `LayeredSessionBackend`: exactly one of `redis`, `postgres`, `channel` and `staleness`, and the others. */
export interface LayeredOptions {
  /**
   * For a `RedisSessionBackend`: the server tells of each change. A client of node-redis, ioredis or iovalkey for that
   * one server, from whose options two connections of our own are made; not a cluster.
   */
  readonly redis?: RedisTemplate;
  /** With `redis`: the `prefix` of the `RedisSessionBackend`, if it has one. */
  readonly prefix?: string;
  /**
   * For a `PostgresSessionBackend` with `notify: true`: the database tells of each change. A `Pool` of pg, from whose
   * options a connection of our own is made; or `() => postgres(…)`, whose `sql` is ours. No pooler may be in between.
   */
  readonly postgres?: PostgresListener;
  /** With `postgres`: the `table` of the `PostgresSessionBackend`, if it has one. */
  readonly table?: string;
  /** Something else that tells of each change, as `Channel` describes it. */
  readonly channel?: OpenChannel;
  /** Nothing tells of changes: seconds for which a record may be used at most since it was read. */
  readonly staleness?: number;
  /**
   * With anything but `staleness`: seconds for which the channel's last word counts, default 0.2. As long as that, an end
   * waits before it is acknowledged; four times in it, a process that is in use asks the channel for a sign of life.
   */
  readonly lease?: number;
  /** About how many bytes of memory the records may take; default 32 MiB. */
  readonly maxBytes?: number;
}

interface Settings {
  /** Undefined: nothing tells. */
  readonly open: OpenChannel | undefined;
  /** Seconds for which a record may be used that nothing has been heard of. */
  readonly bound: number;
  readonly maxBytes: number;
}

/** The options with their defaults. Throws ConfigError that names the one which is wrong. */
export function resolveOptions(options: LayeredOptions): Settings {
  const given = Object(options) as LayeredOptions;
  const { redis, postgres, channel, staleness, lease, maxBytes = 32 * 1024 * 1024 } = given;
  const ways = Object.entries({ redis, postgres, channel, staleness }).filter(([, way]) => way !== undefined);
  const [name = "staleness"] = ways[0] ?? [];
  if (ways.length !== 1) {
    const what = "say one of redis, postgres, channel and staleness: how it learns what others change";
    throw new ConfigError(ways[1]?.[0] ?? name, what);
  }
  only(given, "prefix", "redis");
  only(given, "table", "postgres");
  if (staleness !== undefined && lease !== undefined) {
    throw new ConfigError("lease", "is for a channel; with staleness, that is what an end waits for");
  }
  const bound = staleness ?? lease ?? 0.2;
  if (!(typeof bound === "number" && bound > 0 && bound <= 60)) {
    throw new ConfigError(
      staleness === undefined ? "lease" : "staleness",
      "must be seconds, more than 0 and at most 60",
    );
  }
  if (!(maxBytes > 0)) throw new ConfigError("maxBytes", "must be a number of bytes greater than 0");
  return { open: openerOf(given), bound, maxBytes };
}

function only(given: LayeredOptions, option: "prefix" | "table", way: "redis" | "postgres"): void {
  if (given[option] === undefined || given[way] !== undefined) return;
  throw new ConfigError(option, `goes with ${way}`);
}

function openerOf({ redis, prefix, postgres, table, channel }: LayeredOptions): OpenChannel | undefined {
  if (redis !== undefined)
    return redisChannel(redis, resolveRedisOptions(prefix === undefined ? {} : { prefix }).prefix);
  if (postgres !== undefined) return postgresChannel(postgres, namesOf(table ?? "sessions").channel);
  if (channel !== undefined && typeof channel !== "function")
    throw new ConfigError("channel", "must be a function that opens a channel");
  return channel;
}
