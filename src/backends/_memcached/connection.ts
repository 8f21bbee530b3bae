import { connect, type Socket } from "node:net";
import { type Address, nameOf } from "./options.ts";
import { Replies, type Reply } from "./replies.ts";

interface Waiting {
  /** Sent and returned, so that no reply is taken for another command's. */
  readonly opaque: string;
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/**
 * One connection from its first byte to its last. Replies come in the order of the commands. At the first irregularity it
 * is closed, and all waiting commands fail: no reply is ever taken for another command's.
 */
export class Connection {
  isOpen = true;
  readonly #socket: Socket;
  readonly #name: string;
  readonly #timeout: number;
  readonly #replies: Replies = new Replies();
  readonly #waiting: Waiting[] = [];
  #answered = 0;
  #sent = 0;
  #isCorked = false;
  #timer: NodeJS.Timeout | undefined;
  #lastByte = 0;

  constructor(address: Address, timeout: number) {
    this.#name = nameOf(address);
    this.#timeout = timeout * 1000;
    this.#socket = connect({ ...address, noDelay: true, keepAlive: true });
    this.#socket.on("data", (chunk) => this.#take(chunk));
    this.#socket.on("error", (error) => this.#fail(error.message, error));
    for (const event of ["end", "close"]) this.#socket.on(event, () => this.#fail("closed the connection"));
  }

  /** Sends one command with an opaque flag added to its line, and its value if it has one. Never sends it twice. */
  send(line: string, value?: string): Promise<Reply> {
    if (!this.isOpen) return Promise.reject(this.#error("is disconnected"));
    this.#sent += 1;
    const opaque = `O${this.#sent.toString(36)}`;
    // One packet for everything sent in the same tick.
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(`${line} ${opaque}\r\n${value === undefined ? "" : `${value}\r\n`}`);
    if (this.#open === 0) this.#wait();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ opaque, resolve, reject });
    });
  }

  /** Closes it; waiting commands fail. */
  close(): void {
    this.#fail("was closed by this process");
  }

  get #open(): number {
    return this.#waiting.length - this.#answered;
  }

  #take(chunk: Buffer): void {
    this.#lastByte = performance.now();
    let replies: Reply[];
    try {
      replies = this.#replies.take(chunk);
    } catch (error) {
      this.#fail((error as Error).message);
      return;
    }
    for (const reply of replies) {
      const first = this.#waiting[this.#answered];
      const opaque = reply.code === "SERVER_ERROR" ? undefined : reply.flags.find((flag) => flag[0] === "O");
      if (first === undefined || (opaque !== undefined && opaque !== first.opaque)) {
        this.#fail("sent a reply that belongs to no command");
        return;
      }
      this.#answered += 1;
      if (reply.code === "SERVER_ERROR") first.reject(this.#error(`failed: ${reply.flags.join(" ")}`));
      else first.resolve(reply);
    }
    if (this.#answered > 1000 || this.#open === 0) {
      this.#waiting.splice(0, this.#answered);
      this.#answered = 0;
    }
    if (this.#open > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#socket.unref();
  }

  /** The connection keeps the process alive only while it waits for replies. */
  #wait(): void {
    this.#socket.ref();
    this.#lastByte = performance.now();
    const check = (): void => {
      const left = this.#lastByte + this.#timeout - performance.now();
      if (left > 0) {
        this.#timer = setTimeout(check, left);
        return;
      }
      const before = this.#lastByte;
      // This process may have been busy for that long: first handle what has arrived.
      setImmediate(() => {
        if (this.#open > 0 && this.#lastByte === before)
          this.#fail(`did not answer for ${this.#timeout / 1000} seconds`);
        else if (this.#open > 0) check();
      });
    };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(check, this.#timeout);
  }

  #fail(why: string, cause?: Error): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    clearTimeout(this.#timer);
    const left = this.#waiting.splice(0).slice(this.#answered);
    this.#answered = 0;
    // With a reset, so that the system does not deliver the failed commands later.
    if (left.length > 0 && !this.#socket.connecting) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
    for (const { reject } of left) reject(this.#error(why, cause));
  }

  #error(why: string, cause?: Error): Error {
    return new Error(`memcached ${this.#name} ${why}`, cause === undefined ? undefined : { cause });
  }
}
