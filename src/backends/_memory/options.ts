import { ConfigError } from "../../errors.ts";
import { type Resolved, refuseUnknown } from "../../option-names.ts";

/** Options of `InMemorySessionBackend`. */
export interface InMemoryOptions {
  /** About how many bytes of memory the sessions may take, those of signed-in users seven eighths; default 256 MiB. */
  readonly maxBytes?: number | undefined;
}

/** Returns the options with their defaults. Throws ConfigError that names the wrong one. */
export function resolveOptions(options: InMemoryOptions): Resolved<InMemoryOptions> {
  refuseUnknown(options, ["maxBytes"]);
  const { maxBytes = 256 * 1024 * 1024 } = options;
  if (!(maxBytes > 0)) throw new ConfigError("maxBytes", "must be a number of bytes greater than 0");
  return { maxBytes };
}
