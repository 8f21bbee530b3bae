import { Buffer } from "node:buffer";

/** One reply of memcached's meta protocol (https://github.com/memcached/memcached, doc/protocol.txt). */
export interface Reply {
  /** HD stored or done, VA a value, EN and NF not found, NS not stored, EX changed, SERVER_ERROR. */
  readonly code: string;
  /** The flags; for SERVER_ERROR, the words of its message. */
  readonly flags: readonly string[];
  /** The value, for VA. */
  readonly text: string;
}

const LONGEST_LINE = 2048;
const CODES = new Set(["HD", "EN", "NF", "NS", "EX", "SERVER_ERROR"]);

/** Parses the bytes of a connection into replies. */
export class Replies {
  readonly #chunks: Buffer[] = [];
  #length = 0;
  /** Fewer bytes than this contain no further reply. */
  #needed = 1;

  /** Returns the replies that are complete now. Throws at anything else: after that, no reply can be trusted. */
  take(chunk: Buffer): Reply[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const replies: Reply[] = [];
    if (this.#length < this.#needed) return replies;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let at = 0;
    this.#needed = 0;
    while (at < bytes.length && this.#needed === 0) {
      const end = bytes.indexOf("\r\n", at);
      if (end === -1) {
        if (bytes.length - at > LONGEST_LINE) throw malformed(bytes.toString("latin1", at, at + 80));
        break;
      }
      const line = bytes.toString("latin1", at, end);
      const [code = "", ...flags] = line.split(" ");
      if (code !== "VA") {
        if (!CODES.has(code)) throw malformed(line);
        replies.push({ code, flags, text: "" });
        at = end + 2;
        continue;
      }
      const size = Number(flags.shift());
      if (!Number.isSafeInteger(size) || size < 0) throw malformed(line);
      const start = end + 2;
      if (bytes.length < start + size + 2) {
        this.#needed = start + size + 2 - at;
        break;
      }
      if (bytes.toString("latin1", start + size, start + size + 2) !== "\r\n") throw malformed(line);
      replies.push({ code, flags, text: bytes.toString("utf8", start, start + size) });
      at = start + size + 2;
    }
    const rest = bytes.subarray(at);
    this.#chunks.length = 0;
    if (rest.length > 0) this.#chunks.push(rest);
    this.#length = rest.length;
    if (this.#needed === 0) this.#needed = rest.length + 1;
    return replies;
  }
}

function malformed(line: string): Error {
  const words = line.split(" ", 1)[0] === "VA" ? "a broken value" : JSON.stringify(line.slice(0, 80));
  return new Error(`answered ${words}; memcached 1.6 or newer is needed, for its meta protocol`);
}
