/** Sends requests to a program in the same process, without the kernel, which would make most of the noise. */
import { Duplex } from "node:stream";

/**
 * Returns `send(request)` for a server of `node:http` or a function from Request to Response; it resolves with
 * `{ body, cookie }` when the answer is complete. `send.prepare(path, cookie)` makes a request that can be sent again.
 */
export function connect(target) {
  if (typeof target === "function") return Object.assign(throughFetch(target), { prepare: webRequest });
  const connection = new Connection(target);
  return Object.assign((bytes) => connection.send(bytes), { prepare: requestBytes });
}

function webRequest(path, cookie) {
  return { url: `http://localhost${path}`, init: cookie === undefined ? {} : { headers: { cookie } } };
}

function throughFetch(fetch) {
  return async ({ url, init }) => {
    const response = await fetch(new Request(url, init));
    const [line] = response.headers.getSetCookie();
    return { body: await response.text(), cookie: line?.split(";", 1)[0] };
  };
}

function requestBytes(path, cookie) {
  const lines = [`GET ${path} HTTP/1.1`, "Host: localhost", "Connection: keep-alive"];
  if (cookie !== undefined) lines.push(`Cookie: ${cookie}`);
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
}

/** A connection that stays open. The server reads and writes it as it does a socket. */
class Connection extends Duplex {
  #received = "";
  #resolve;

  constructor(server) {
    super();
    server.emit("connection", this);
  }

  /** One request at a time. */
  send(bytes) {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.push(bytes);
    });
  }

  _read() {}

  _write(chunk, _encoding, done) {
    this.#receive(chunk);
    done();
  }

  _writev(chunks, done) {
    for (const { chunk } of chunks) this.#receive(chunk);
    done();
  }

  #receive(chunk) {
    this.#received += chunk.latin1Slice();
    const text = this.#received;
    const head = text.indexOf("\r\n\r\n");
    if (head === -1) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1]);
    if (text.length < head + 4 + length) return;
    if (Number.isNaN(length)) throw new Error(`An answer without Content-Length:\n${text}`);
    this.#received = "";
    const cookie = /\r\nset-cookie: ([^;]+)/i.exec(text)?.[1];
    this.#resolve({ body: text.slice(head + 4), cookie });
  }
}
