import { ConfigError } from "../../errors.ts";
import { type Resolved, refuseUnknown } from "../../option-names.ts";
import { refuseOther } from "../_kind.ts";

/** Options of `DurableObjectSessionBackend`. */
export interface DurableObjectOptions {
  /** Over how many objects the sessions are distributed, 1 to 256; default 8. */
  readonly shards?: number | undefined;
  /** Objects are named by this and their number; default "sessions". Another name is another, empty store. */
  readonly name?: string | undefined;
  /** Where Cloudflare should place an object when it is used for the first time, such as "weur". Default: nearby. */
  readonly locationHint?: string | undefined;
}

/** Returns the options with their defaults. Throws ConfigError that names the wrong one. */
export function resolveOptions(
  namespace: unknown,
  options: DurableObjectOptions,
): Resolved<Omit<DurableObjectOptions, "locationHint">> {
  refuseUnknown(options, ["shards", "name", "locationHint"]);
  const { shards = 8, name = "sessions", locationHint } = options;
  const wanted =
    "DurableObjectSessionBackend takes the binding of a Durable Object class, as `env.SESSIONS` in a Worker";
  refuseOther(namespace, ["a Durable Object binding"], wanted);
  const { idFromName, get } = Object(namespace) as Record<string, unknown>;
  if (typeof idFromName !== "function" || typeof get !== "function") {
    throw new ConfigError("backend", wanted);
  }
  if (!Number.isInteger(shards) || shards < 1 || shards > 256) {
    throw new ConfigError("shards", "must be a whole number from 1 to 256");
  }
  if (typeof name !== "string" || name === "")
    throw new ConfigError("name", "must be a text that is not empty");
  if (locationHint !== undefined && typeof locationHint !== "string") {
    throw new ConfigError("locationHint", 'must be a region of Cloudflare, such as "weur"');
  }
  return { shards, name };
}
