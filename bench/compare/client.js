/** A browser that keeps its cookies, over HTTP/1.1, with a new connection for each request. */
import { request as send } from "node:http";

/** Nothing of a comparison waits longer than this for an answer. */
const PATIENCE = 5_000;

export class Client {
  #url;
  #cookies;
  /** Sent instead of the cookies that were kept, if it is set. */
  raw;

  constructor(url, cookies = []) {
    this.#url = url;
    this.#cookies = new Map(cookies);
  }

  /** Another browser with a copy of the cookies that this one has now. */
  copy() {
    return new Client(this.#url, this.#cookies);
  }

  /** This one with another value in the first cookie of such a name. */
  forged(change, names = /./) {
    const [forged] = [...this.#cookies.keys()].filter((name) => names.test(name));
    const cookies = [...this.#cookies].map(([name, value]) => [
      name,
      name === forged ? change(value) : value,
    ]);
    return new Client(this.#url, cookies);
  }

  /** A copy without the cookies of these names. */
  without(names) {
    return new Client(
      this.#url,
      [...this.#cookies].filter(([name]) => !names.test(name)),
    );
  }

  /** This one as a client of another site, with its own values in the cookies that a browser has there. */
  under(other) {
    const values = [...this.#cookies.values()];
    const names = [...other.#cookies.keys()];
    return new Client(
      other.#url,
      names.flatMap((name, at) => (values[at] === undefined ? [] : [[name, values[at]]])),
    );
  }

  get cookie() {
    const pairs = [...this.#cookies].map(([name, value]) => `${name}=${value}`);
    return this.raw ?? (pairs.length === 0 ? undefined : pairs.join("; "));
  }

  /** `head`: when the first byte is there, which HTTP sends with the headers. `part`: the first of the body. `answer`: all of it. */
  open(path, form) {
    const head = Promise.withResolvers();
    const part = Promise.withResolvers();
    const answer = Promise.withResolvers();
    const cut = () => {
      for (const waiting of [head, part, answer])
        waiting.resolve({ status: "cut", setCookie: [], headers: {}, body: "" });
    };
    const headers = this.cookie === undefined ? {} : { cookie: this.cookie };
    if (form !== undefined) headers["content-type"] = "application/x-www-form-urlencoded";
    // The path as it is: a URL would resolve its dots.
    const { hostname, port } = new URL(this.#url);
    const method = form === undefined ? "GET" : "POST";
    const request = send({ hostname, port, path, method, headers, agent: false, timeout: PATIENCE });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", cut);
    request.on("response", (message) => {
      const { statusCode: status, headers } = message;
      const setCookie = headers["set-cookie"] ?? [];
      for (const line of setCookie) this.#keep(line);
      head.resolve({ status, headers, setCookie });
      let body = "";
      message.setEncoding("utf8");
      message.on("data", (chunk) => {
        body += chunk;
        part.resolve(body);
      });
      message.on("error", cut);
      message.on("end", () => answer.resolve({ status, headers, setCookie, body }));
    });
    request.end(form === undefined ? undefined : new URLSearchParams(form).toString());
    return { head: head.promise, part: part.promise, answer: answer.promise };
  }

  /** The whole answer; its status is "cut" if the connection ended before. */
  get(path) {
    return this.open(path).answer;
  }

  /** Sends a form. */
  post(path, form) {
    return this.open(path, form).answer;
  }

  /** Keeps what an answer says that came another way. */
  keep(lines) {
    for (const line of lines) this.#keep(line);
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(";");
    const equals = pair.indexOf("=");
    const name = pair.slice(0, equals);
    const gone = attributes.some((attribute) => {
      const [key, value] = attribute.trim().split("=");
      if (/^max-age$/i.test(key)) return Number(value) <= 0;
      return /^expires$/i.test(key) && Date.parse(value) <= Date.now();
    });
    if (gone) this.#cookies.delete(name);
    else this.#cookies.set(name, pair.slice(equals + 1));
  }
}
