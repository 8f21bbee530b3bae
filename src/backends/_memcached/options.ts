import { type Duration, secondsOf } from "../../duration.ts";
import { ConfigError } from "../../errors.ts";
import { refuseUnknown } from "../../option-names.ts";

/** Where one memcached listens. */
export interface MemcachedServer {
  readonly host: string;
  /** Default 11211. */
  readonly port?: number | undefined;
}

/** Options of `MemcachedSessionBackend`. */
export interface MemcachedOptions {
  /** Prefix of every key; default "session:". At most 150 printable ASCII characters, no space. */
  readonly prefix?: string | undefined;
  /** Time without a byte of an awaited reply after which a connection is closed; default 2 s. */
  readonly timeout?: Duration | undefined;
  /**
   * The most bytes of one item; default 1,000,000, which fits memcached's own default (`-I 1m`). Never more than the
   * servers take: memcached drops the old item when the new one is too large for it.
   */
  readonly maxItemBytes?: number | undefined;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface MemcachedSettings {
  readonly servers: readonly Address[];
  readonly prefix: string;
  readonly timeout: number;
  readonly maxItemBytes: number;
}

/** Returns the options with their defaults. Throws ConfigError that names the wrong one. */
export function resolveOptions(servers: unknown, options: MemcachedOptions): MemcachedSettings {
  refuseUnknown(options, ["prefix", "timeout", "maxItemBytes"]);
  const { prefix = "session:", maxItemBytes = 1_000_000 } = options;
  const addresses = (Array.isArray(servers) ? servers : [servers]).map(addressOf);
  if (addresses.length === 0) throw wrongServers("pass at least one server");
  const names = addresses.map(nameOf);
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index) throw wrongServers(`${name} is listed twice`);
  if (typeof prefix !== "string" || !/^[\x21-\x7e]{0,150}$/.test(prefix))
    throw new ConfigError("prefix", "must be at most 150 printable ASCII characters without spaces");
  const timeout = secondsOf("timeout", options.timeout, 2, 0.001, "wait");
  if (!(maxItemBytes >= 1000)) throw new ConfigError("maxItemBytes", "must be bytes, at least 1000");
  return { servers: addresses, prefix, timeout, maxItemBytes };
}

/** Returns the name that tells a server from others, wherever it is in the list. */
export function nameOf({ host, port }: Address): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function addressOf(server: unknown): Address {
  if (typeof server === "string") return fromText(server);
  const { host, port = 11211 } = Object(server) as { host?: unknown; port?: unknown };
  if (typeof host !== "string" || host === "" || !isPort(port))
    throw wrongServers('pass { host, port }, "host:port" or "memcached://host:port", or a list of these');
  return { host, port };
}

function fromText(text: string): Address {
  const [, bracketed, plain, port] =
    /^(?:memcached:\/\/)?(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+))(?::(\d{1,5}))?\/?$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = port === undefined ? 11211 : Number(port);
  if (host === undefined || !isPort(number))
    throw wrongServers('a server in a text is "host", "host:port" or "memcached://host:port"');
  return { host, port: number };
}

function isPort(port: unknown): port is number {
  return Number.isInteger(port) && (port as number) > 0 && (port as number) < 65_536;
}

function wrongServers(message: string): ConfigError {
  return new ConfigError("servers", message);
}
