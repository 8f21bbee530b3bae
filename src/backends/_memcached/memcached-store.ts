import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import type { CasStore, Found } from "../_cas/store.ts";
import { Connection } from "./connection.ts";
import { type Address, type MemcachedSettings, nameOf } from "./options.ts";
import type { Reply } from "./replies.ts";

/** memcached takes a longer time for seconds since 1970. */
const LONGEST_RELATIVE = 30 * 86_400;
/** And counts those in 32 bits: a later moment would be one in the past. */
const LAST_MOMENT = 2 ** 31 - 1;
const LONGEST_KEY = 250;

/**
 * The number that memcached gave to what was stored last. It counts anew when it starts anew, and what it holds is then
 * gone; so a number is good for the connection on which it came.
 */
export interface Mark {
  readonly cas: string;
  readonly connection: Connection;
}

interface Server {
  readonly name: string;
  readonly address: Address;
  connection: Connection | undefined;
}

/** Texts in one or more memcached servers. Each key has its one server, whether that is up or down. */
export class MemcachedStore implements CasStore<Mark> {
  readonly maxBytes: number;
  readonly #servers: readonly Server[];
  readonly #prefix: string;
  readonly #timeout: number;
  #isClosed = false;

  constructor(settings: MemcachedSettings) {
    // An item also has its key, and up to a hundred bytes of its own.
    this.maxBytes = settings.maxItemBytes - LONGEST_KEY - 100;
    this.#prefix = settings.prefix;
    this.#timeout = settings.timeout;
    this.#servers = settings.servers.map((address) => ({
      name: nameOf(address),
      address,
      connection: undefined,
    }));
  }

  async get(key: string): Promise<Found<Mark> | undefined> {
    const connection = this.#connectionOf(key);
    const reply = await connection.send(`mg ${this.#key(key)} v c`);
    if (is(reply, "VA", "EN")) return { text: reply.text, mark: { cas: casOf(reply), connection } };
    return undefined;
  }

  async add(key: string, text: string, seconds: number): Promise<boolean> {
    return is(await this.#set(key, text, seconds, " ME"), "HD", "NS");
  }

  async set(key: string, text: string, seconds: number): Promise<void> {
    is(await this.#set(key, text, seconds, ""), "HD");
  }

  async replace(
    key: string,
    text: string,
    seconds: number,
    seen: Mark,
  ): Promise<"stored" | "changed" | "gone"> {
    if (!seen.connection.isOpen) return "changed";
    // On that connection, or on none: another one may be to a server that has started anew.
    const reply = await this.#set(key, text, seconds, ` C${seen.cas}`, seen.connection);
    return is(reply, "HD", "EX", "NF") ? "stored" : outcome(reply);
  }

  async remove(key: string, seen: Mark): Promise<"removed" | "changed" | "gone"> {
    if (!seen.connection.isOpen) return "changed";
    const reply = await seen.connection.send(`md ${this.#key(key)} C${seen.cas}`);
    return is(reply, "HD", "EX", "NF") ? "removed" : outcome(reply);
  }

  async take(key: string): Promise<string | undefined> {
    const connection = this.#connectionOf(key);
    const [there, removed] = await Promise.all([
      connection.send(`mg ${this.#key(key)} v`),
      connection.send(`md ${this.#key(key)}`),
    ]);
    return is(removed, "HD", "NF") && is(there, "VA", "EN") ? there.text : undefined;
  }

  close(): void {
    this.#isClosed = true;
    for (const { connection } of this.#servers) connection?.close();
  }

  #set(
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

  /** An open one, on which nothing was lost. */
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
 * it cannot count so many: what is stored has its deadline in it as well.
 */
function lifetime(seconds: number): number {
  const whole = Math.max(1, Math.ceil(seconds) + 1);
  if (whole <= LONGEST_RELATIVE) return whole;
  const moment = Math.ceil(Date.now() / 1000) + whole;
  return moment <= LAST_MOMENT ? moment : 0;
}

/** Whether it answered the first of these codes. Throws if it was none of them. */
function is(reply: Reply, yes: string, ...no: readonly string[]): boolean {
  if (reply.code !== yes && !no.includes(reply.code)) throw new Error(`memcached answered ${reply.code}`);
  return reply.code === yes;
}

function outcome(reply: Reply): "changed" | "gone" {
  return reply.code === "EX" ? "changed" : "gone";
}

function casOf(reply: Reply): string {
  const flag = reply.flags.find((each) => each[0] === "c");
  // 0 is no number: with it memcached would delete whatever is there.
  if (flag === undefined || flag === "c0")
    throw new Error("memcached gave no number for compare-and-swap; do not start it with -C");
  return flag.slice(1);
}
