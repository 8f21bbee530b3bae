import { ConfigError } from "../errors.ts";

/** A kind of client, in the words of a message. */
export type Kind =
  | "a URL"
  | "a promise: await it"
  | "a PGlite, which is not supported"
  | "a client of Redis"
  | "a pool of mysql2 or mariadb"
  | "a DynamoDB of the AWS SDK"
  | "a client of the AWS SDK whose commands are no methods"
  | "a D1 database"
  | "an SQLite database"
  | "the sql of postgres"
  | "a Pool of pg"
  | "a Durable Object binding"
  | "a storage of unstorage"
  | "a SessionBackend"
  | "a store for express-session"
  | "a function: pass what it makes";

/** Clients that are told apart before their first use, because many of them have methods of the same name. */
const KINDS: Readonly<Record<Kind, (given: unknown) => boolean>> = {
  "a URL": (given) => typeof given === "string" || given instanceof URL,
  "a promise: await it": (given) => has(given, "then") && !has(given, "execute") && !has(given, "query"),
  "a PGlite, which is not supported": (given) => has(given, "query", "exec", "dumpDataDir"),
  "a client of Redis": (given) => ["evalSha", "evalsha", "customCommand"].some((name) => has(given, name)),
  "a pool of mysql2 or mariadb": (given) => has(given, "query", "execute"),
  "a DynamoDB of the AWS SDK": (given) => has(given, "getItem", "putItem"),
  "a client of the AWS SDK whose commands are no methods": (given) =>
    has(given, "send", "destroy") && "config" in Object(given),
  "a D1 database": (given) => has(given, "prepare", "batch"),
  "an SQLite database": (given) => has(given, "prepare", "exec"),
  "the sql of postgres": (given) => has(given, "unsafe"),
  "a Pool of pg": (given) => has(given, "query", "connect"),
  "a Durable Object binding": (given) => has(given, "idFromName", "get"),
  "a storage of unstorage": (given) => has(given, "getItem", "setItem", "getKeys"),
  "a SessionBackend": (given) => has(given, "load", "save", "patch"),
  "a store for express-session": (given) => has(given, "get", "set", "destroy", "on"),
  "a function: pass what it makes": (given) => typeof given === "function",
};

/** Returns what a client is; undefined if it is none that is known. */
export function kindOf(given: unknown): Kind | undefined {
  return (Object.keys(KINDS) as Kind[]).find((kind) => KINDS[kind](given));
}

/** Throws ConfigError `backend` if the client is known to be of another kind than these. `wanted` says what to pass. */
export function refuseOther(given: unknown, kinds: readonly Kind[], wanted: string): void {
  const kind = kindOf(given);
  if (kind === undefined || kinds.includes(kind)) return;
  throw new ConfigError("backend", `${wanted}. This is ${kind}.`);
}

function has(given: unknown, ...names: readonly string[]): boolean {
  const object = Object(given) as Record<string, unknown>;
  return names.every((name) => typeof object[name] === "function");
}
