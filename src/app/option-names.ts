import { ConfigError } from "../errors.ts";

/** Throws ConfigError if `options` has a name that is not valid. The error names the option, with `prefix` before it. */
export function refuseUnknown(options: object, valid: readonly string[], prefix = ""): void {
  for (const name of Object.keys(options)) {
    if (!valid.includes(name))
      throw new ConfigError(prefix + name, `Unknown option. Valid options: ${valid.join(", ")}.`);
  }
}
