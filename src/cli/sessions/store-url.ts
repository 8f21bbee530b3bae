import { nearest } from "../../option-names.ts";
import { misuse } from "../options.ts";

/** A kind of store, as the scheme of its URL says. */
export type StoreKind =
  | "redis"
  | "redis-cluster"
  | "redis-sentinel"
  | "postgres"
  | "mysql"
  | "memcached"
  | "sqlite";

/** A store's URL, taken apart. */
export interface StoreUrl {
  /** What gave it, such as "--store". */
  readonly option: string;
  readonly kind: StoreKind;
  readonly isSecure: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** Without the first slash. */
  readonly path: string;
  /** As the client takes it. */
  readonly href: string;
  /** As it may be printed: without user, password and parameters. */
  readonly shown: string;
  readonly prefix: string | undefined;
  readonly table: string | undefined;
}

const KINDS: Record<string, StoreKind> = {
  redis: "redis",
  rediss: "redis",
  "redis-cluster": "redis-cluster",
  "rediss-cluster": "redis-cluster",
  "redis-sentinel": "redis-sentinel",
  "rediss-sentinel": "redis-sentinel",
  postgres: "postgres",
  postgresql: "postgres",
  mysql: "mysql",
  mariadb: "mysql",
  memcached: "memcached",
};

/** How URLs of stores begin. */
export const SCHEMES: readonly string[] = [...Object.keys(KINDS).map((name) => `${name}://`), "file:"];

const PORTS: Record<StoreKind, number> = {
  redis: 6379,
  "redis-cluster": 6379,
  "redis-sentinel": 26379,
  postgres: 5432,
  mysql: 3306,
  memcached: 11211,
  sqlite: 0,
};
const KEYED: readonly StoreKind[] = ["redis", "redis-cluster", "redis-sentinel", "memcached"];

/** What the URL's parameters may say instead. */
export interface StoreNames {
  readonly prefix?: string | undefined;
  readonly table?: string | undefined;
}

/**
 * Reads the URL of a store; `names` come from options and count more than its parameters `prefix` and `table`. `option` is what
 * gave it. Throws `Problem` with exit code 2, in whose message no password is.
 */
export function readStoreUrl(text: string, names: StoreNames, option: string, how: string): StoreUrl {
  const wrong = (message: string) => misuse(`${option}: ${message}`, how);
  const [base = "", query = ""] = text.split("?", 2);
  const parameters = new URLSearchParams(query);
  const { prefix = parameters.get("prefix") ?? undefined, table = parameters.get("table") ?? undefined } =
    names;
  for (const name of ["prefix", "table"]) parameters.delete(name);
  const rest = parameters.size === 0 ? "" : `?${parameters}`;
  if (/^file:/i.test(base)) {
    const path = base.slice(5).replace(/^\/\/(?=\/)/, "");
    if (path === "") throw wrong("file: needs a path, for example file:sessions.sqlite");
    if (prefix !== undefined) throw wrong("--prefix is for Redis and memcached; SQLite has --table");
    return {
      option,
      kind: "sqlite",
      isSecure: false,
      user: undefined,
      password: undefined,
      hosts: [],
      path,
      href: path,
      shown: `file:${path}`,
      prefix,
      table,
    };
  }
  const [, scheme = "", login, places = "", path = ""] =
    /^([a-z][a-z-]*):\/\/(?:(.*)@)?([^/@]*)(?:\/(.*))?$/is.exec(base) ?? [];
  const name = scheme.toLowerCase();
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (kind === undefined) {
    const near = nearest(name, Object.keys(KINDS));
    throw wrong(
      near === undefined ? `this is no URL of a store. It begins with ${STARTS}` : `did you mean ${near}://?`,
    );
  }
  const isKeyed = KEYED.includes(kind);
  if (isKeyed && table !== undefined)
    throw wrong("--table is for databases; Redis and memcached have --prefix");
  if (!isKeyed && prefix !== undefined)
    throw wrong("--prefix is for Redis and memcached; databases have --table");
  const hosts = places.split(",").map((place) => hostIn(place, PORTS[kind]) ?? undefined);
  if (!hosts.every((host) => host !== undefined))
    throw wrong("write the server as host:port; several with commas between");
  const isMany = kind === "redis-cluster" || kind === "redis-sentinel" || kind === "memcached";
  if (hosts.length > 1 && !isMany)
    throw wrong(
      `${name}:// takes one server${kind === "redis" ? "; several are redis-cluster:// or redis-sentinel://" : ""}`,
    );
  if (kind === "redis-sentinel" && path === "")
    throw wrong(
      "redis-sentinel:// needs the name of the primary, for example redis-sentinel://host:26379/mymaster",
    );
  const [user, password] = loginIn(login);
  return {
    option,
    kind,
    isSecure: name.startsWith("rediss"),
    user,
    password,
    hosts,
    path,
    href: `${base}${rest}`,
    shown: `${name}://${places}${path === "" ? "" : `/${path}`}`,
    prefix,
    table,
  };
}

const STARTS =
  "redis://, rediss://, redis-cluster://, redis-sentinel://, postgres://, mysql://, memcached:// or file:";

function hostIn(place: string, port: number): { host: string; port: number } | undefined {
  const [, bracketed, plain, given] =
    /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i.exec(place) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? undefined : { host, port: given === undefined ? port : Number(given) };
}

function loginIn(text: string | undefined): [user: string | undefined, password: string | undefined] {
  if (text === undefined) return [undefined, undefined];
  const colon = text.indexOf(":");
  const [user, password] = colon === -1 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
  return [decoded(user) || undefined, password === undefined ? undefined : decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
