import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { Connection } from "./_memcached/connection.ts";
import {
  type Address,
  type MemcachedOptions,
  type MemcachedServer,
  nameOf,
  resolveOptions,
} from "./_memcached/options.ts";
import type { Reply } from "./_memcached/replies.ts";
import { CasSessionBackend, type Found } from "./cas.ts";

export type { MemcachedOptions, MemcachedServer } from "./_memcached/options.ts";

/** memcached takes a longer time for seconds since 1970. */
const LONGEST_RELATIVE = 30 * 86_400;
/** And counts those in 32 bits: a later moment would be in the past. */
const LAST_MOMENT = 2 ** 31 - 1;
const LONGEST_KEY = 250;

/**
 * The number that memcached gave to what was stored last. It starts to count anew when it is restarted, and what it held
 * is then gone; so a number is valid only on the connection on which it came.
 */
interface Mark {
  readonly cas: string;
  readonly connection: Connection;
}

interface Server {
  readonly name: string;
  readonly address: Address;
  connection: Connection | undefined;
}

/**
 * Stores sessions in memcached 1.6 or newer, which several processes may share: one item per session. Takes a server, as
 * `{ host, port }`, "host:port" or "memcached://host:port", or a list of them, and keeps one connection to each.
 *
 * Each change is stored by compare-and-swap, so none is lost and nothing that has ended comes back. What memcached
 * evicts is gone, and its user signed out; if it evicts the list of a user's sessions, `listByUser` and `revokeUser`
 * miss some. The clock is that of each process: keep them in step.
 *
 * With several servers, each session has its one server. While that is down, its sessions fail; they do not move.
 * Returns promises. Throws ConfigError `servers`, `prefix`, `timeout` or `maxItemBytes`.
 */
export class MemcachedSessionBackend extends CasSessionBackend<Mark> {
  override readonly maxBytes: number;
  readonly #servers: readonly Server[];
  readonly #prefix: string;
  readonly #timeout: number;
  #isClosed = false;

  constructor(
    servers: MemcachedServer | string | readonly (MemcachedServer | string)[],
    options: MemcachedOptions = {},
  ) {
    super();
    const settings = resolveOptions(servers, options);
    // An item also has its key, and up to a hundred bytes of its own.
    this.maxBytes = settings.maxItemBytes - LONGEST_KEY - 100;
    this.#prefix = settings.prefix;
    this.#timeout = settings.timeout;
    this.#servers = settings.servers.map((address) => {
      return { name: nameOf(address), address, connection: undefined };
    });
  }

  override async get(key: string): Promise<Found<Mark> | undefined> {
    const connection = this.#connectionOf(key);
    const reply = await connection.send(`mg ${this.#key(key)} v c`);
    if (is(reply, "VA", "EN")) return { text: reply.text, mark: { cas: casOf(reply), connection } };
    return undefined;
  }

  override async add(key: string, text: string, seconds: number): Promise<boolean> {
    return is(await this.#store(key, text, seconds, " ME"), "HD", "NS");
  }

  override async set(key: string, text: string, seconds: number): Promise<void> {
    is(await this.#store(key, text, seconds, ""), "HD");
  }

  override async replace(key: string, text: string, seconds: number, mark: Mark): Promise<boolean> {
    const { cas, connection } = mark;
    // On no other connection: that could be to a server that was restarted.
    if (!connection.isOpen) return false;
    return is(await this.#store(key, text, seconds, ` C${cas}`, connection), "HD", "EX", "NF");
  }

  override async remove(key: string, { cas, connection }: Mark): Promise<boolean> {
    if (!connection.isOpen) return false;
    return is(await connection.send(`md ${this.#key(key)} C${cas}`), "HD", "EX", "NF");
  }

  override async take(key: string): Promise<string | undefined> {
    const connection = this.#connectionOf(key);
    const [there, removed] = await Promise.all([
      connection.send(`mg ${this.#key(key)} v`),
      connection.send(`md ${this.#key(key)}`),
    ]);
    return is(removed, "HD", "NF") && is(there, "VA", "EN") ? there.text : undefined;
  }

  /** Closes its connections; calls in progress fail. May be called again. */
  override close(): void {
    this.#isClosed = true;
    for (const { connection } of this.#servers) connection?.close();
  }

  #store(
    key: string,
    text: string,
    seconds: number,
    flags: string,
    connection: Connection = this.#connectionOf(key),
  ): Promise<Reply> {
    const line = `ms ${this.#key(key)} ${Buffer.byteLength(text)} T${lifetime(seconds)}${flags}`;
    return connection.send(line, text);
  }

  #key(key: string): string {
    const whole = this.#prefix + key;
    if (/^[\x21-\x7e]+$/.test(key) && whole.length <= LONGEST_KEY) return whole;
    throw new Error(`an id of ${key.length} characters or with spaces cannot be a key of memcached`);
  }

  /** Returns an open connection, on which nothing was lost. */
  #connectionOf(key: string): Connection {
    if (this.#isClosed) throw new Error("the memcached back-end is closed");
    const server = this.#serverOf(key);
    if (!server.connection?.isOpen) server.connection = new Connection(server.address, this.#timeout);
    return server.connection;
  }

  /** Rendezvous hashing: with another server in the list, only the keys that it gets move. */
  #serverOf(key: string): Server {
    if (this.#servers.length === 1) return this.#servers[0]!;
    let best: Server | undefined;
    let highest = "";
    for (const server of this.#servers) {
      const score = hash("sha256", `${server.name} ${key}`);
      if (score > highest) [best, highest] = [server, score];
    }
    return best!;
  }
}

/**
 * One second more, because memcached counts whole ones and may have counted part of the first. 0, which is for ever, if
 * it cannot count that many: what is stored contains its deadline as well.
 */
function lifetime(seconds: number): number {
  const whole = Math.max(1, Math.ceil(seconds) + 1);
  if (whole <= LONGEST_RELATIVE) return whole;
  const moment = Math.ceil(Date.now() / 1000) + whole;
  return moment <= LAST_MOMENT ? moment : 0;
}

/** Returns whether the reply has the code `yes`. Throws if it is none of the codes. */
function is(reply: Reply, yes: string, ...no: readonly string[]): boolean {
  if (reply.code !== yes && !no.includes(reply.code)) throw new Error(`memcached answered ${reply.code}`);
  return reply.code === yes;
}

function casOf(reply: Reply): string {
  const flag = reply.flags.find((each) => each[0] === "c");
  // 0 is no number: with it memcached would delete whatever is there.
  if (flag === undefined || flag === "c0")
    throw new Error("memcached returned no number for compare-and-swap; do not start it with -C");
  return flag.slice(1);
}
