import { ConfigError } from "../../errors.ts";

/** Options of `RedisSessionBackend`. */
export interface RedisOptions {
  /** What every key begins with; default "session:". No `{` and no `}`, which would put all keys on one node. */
  readonly prefix?: string;
}

/** The options with their defaults. Throws ConfigError that names the one which is wrong. */
export function resolveOptions(options: RedisOptions): Required<RedisOptions> {
  const { prefix = "session:" } = options;
  if (typeof prefix !== "string" || /[{}]/.test(prefix)) {
    throw new ConfigError("prefix", "must be a text without { and }, which would put all keys on one node");
  }
  return { prefix };
}
