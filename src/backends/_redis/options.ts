import { ConfigError } from "../../errors.ts";
import { type Resolved, refuseUnknown } from "../../option-names.ts";

/** Options of `RedisSessionBackend`. */
export interface RedisOptions {
  /** Prefix of every key; default "session:". No `{` or `}`, which would put all keys on one node. */
  readonly prefix?: string | undefined;
}

/** Returns the options with their defaults. Throws ConfigError that names the wrong one. */
export function resolveOptions(options: RedisOptions): Resolved<RedisOptions> {
  refuseUnknown(options, ["prefix"]);
  const { prefix = "session:" } = options;
  if (typeof prefix !== "string" || /[{}]/.test(prefix)) {
    throw new ConfigError("prefix", "must be a text without { and }, which would put all keys on one node");
  }
  return { prefix };
}
