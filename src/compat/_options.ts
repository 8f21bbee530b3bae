import type { CipherKey } from "node:crypto";
import { randomBytes } from "node:crypto";
import { secondsOf } from "../duration.ts";
import { ConfigError } from "../errors.ts";
import { callerOf, isProduction, warn } from "../warning.ts";
import { type AnyStore, type Desk, deskOf } from "./_desk.ts";
import { MemoryStore } from "./_memory-store.ts";

/** What the cookie looks like: the attributes, or for `secure` and `sameSite` "auto", by the connection. */
export interface CookieWishes {
  path?: unknown;
  secure?: unknown;
  sameSite?: unknown;
}

/** The options as they come, unchecked. */
export interface GivenOptions {
  secret?: unknown;
  genid?: unknown;
  name?: unknown;
  key?: unknown;
  store?: unknown;
  cookie?: unknown;
  rolling?: unknown;
  resave?: unknown;
  proxy?: unknown;
  saveUninitialized?: unknown;
  unset?: unknown;
  storeTimeout?: unknown;
  headers?: unknown;
}

export interface Options {
  readonly desk: Desk;
  readonly name: string;
  /** Undefined: `req.secret`, from cookie-parser. */
  readonly secrets: readonly CipherKey[] | undefined;
  readonly cookieFor: (req: object) => CookieWishes;
  readonly genid: (req: object) => string;
  readonly proxy: unknown;
  readonly rolling: boolean;
  readonly resave: boolean;
  readonly saveUninitialized: boolean;
  readonly unsetDestroys: boolean;
  /** Whether the response that sets the cookie gets Vary and Cache-Control. */
  readonly headers: boolean;
}

/** Throws ConfigError that names the option which is wrong. `caller` is the function that the application calls. */
export function resolveOptions(given: GivenOptions, caller: (...args: never[]) => unknown): Options {
  const deprecate = (message: string): void => warnOfDeprecated(message, caller);
  const orTrue = (option: string, value: unknown): boolean => {
    if (value === undefined) deprecate(`undefined ${option} option; provide ${option} option`);
    return value === undefined || Boolean(value);
  };
  const {
    cookie = {},
    genid = () => randomBytes(24).toString("base64url"),
    unset,
    storeTimeout,
    headers = true,
  } = given;
  if (typeof genid !== "function") throw new ConfigError("genid", "genid option must be a function.");
  if (unset && unset !== "destroy" && unset !== "keep")
    throw new ConfigError("unset", 'unset option must be "destroy" or "keep".');
  const secrets = secretsOf(given.secret);
  if (secrets === undefined) deprecate("req.secret; provide secret option");
  const name = String(given.name || given.key || "connect.sid");
  const desk = deskOf(storeOf(given.store));
  desk.options.realm = name;
  if (storeTimeout !== undefined) {
    desk.timeout = secondsOf("storeTimeout", storeTimeout, desk.timeout, 0.001, "wait");
  }
  if (typeof headers !== "boolean") throw new ConfigError("headers", "Give true or false.");
  return {
    desk,
    name,
    secrets,
    cookieFor: typeof cookie === "function" ? (req) => cookie(req) ?? {} : () => cookie as CookieWishes,
    genid: genid as (req: object) => string,
    proxy: given.proxy,
    rolling: Boolean(given.rolling),
    resave: orTrue("resave", given.resave),
    saveUninitialized: orTrue("saveUninitialized", given.saveUninitialized),
    unsetDestroys: unset === "destroy",
    headers,
  };
}

function secretsOf(given: unknown): readonly CipherKey[] | undefined {
  if (Array.isArray(given) && given.length === 0)
    throw new ConfigError("secret", "secret option array must contain one or more strings.");
  if (given) return Array.isArray(given) ? (given as CipherKey[]) : [given as CipherKey];
  return undefined;
}

function storeOf(given: unknown): AnyStore {
  const store = given || new MemoryStore();
  const { get, set, destroy } = store as Partial<AnyStore>;
  if (![get, set, destroy].every((method) => typeof method === "function"))
    throw new ConfigError("store", "Give a store, made with `new`: an object with get, set and destroy.");
  if (store instanceof MemoryStore && isProduction()) {
    warn(
      "MICROPIE_MEMORY_STORE",
      "Sessions are in the memory of this process: they are gone when it ends, and no other process knows of them. " +
        "Give the option store.",
    );
  }
  return store as AnyStore;
}

const said = new Set<string>();

/** Says what express-session says, too, once for each place in the application that calls `caller`. */
function warnOfDeprecated(message: string, caller: (...args: never[]) => unknown): void {
  const place = callerOf(caller);
  const text = `micropie/compat/drop-in: ${message}${place === "" ? "" : ` at ${place}`}`;
  if (said.has(text)) return;
  said.add(text);
  process.emitWarning(text, "DeprecationWarning");
}
