import { type IncomingMessage, request as send } from "node:http";
import type { Transcript } from "./transcript.ts";

/** What came back over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case, lines of one name joined by a comma; but see `setCookie`. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly setCookie: readonly string[];
  /** The Set-Cookie lines of the session's cookie. */
  readonly ours: readonly string[];
  /** The whole body; rejects if the connection is cut. */
  readonly body: Promise<string>;
}

/** One browser that speaks HTTP/1.1 and keeps one cookie. It opens a new connection for each request. */
export class HttpBrowser {
  readonly #url: string;
  readonly #transcript: Transcript | undefined;
  /** The session's cookie as it is sent; undefined while there is none. */
  cookie: string | undefined;
  /** Further headers that it sends. */
  sends: Readonly<Record<string, string>> = {};

  constructor(url: string, cookie?: string, transcript?: Transcript) {
    this.#url = url;
    this.cookie = cookie;
    this.#transcript = transcript;
  }

  /** Fulfilled when the headers are there. What the answer says of the cookie is kept then. */
  open(path: string, method: string = "GET"): Promise<HttpAnswer> {
    const coming = new Promise<HttpAnswer>((resolve, reject) => {
      const headers = { ...this.sends, ...(this.cookie === undefined ? {} : { cookie: this.cookie }) };
      const request = send(new URL(path, this.#url), { method, headers, agent: false });
      request.on("error", reject);
      request.on("response", (message) => resolve(this.#receive(message)));
      request.end();
    });
    const name = `${method} ${path}${this.cookie === undefined ? "" : " with a cookie"}`;
    void this.#transcript?.note(name, [], () => coming.then(told));
    return asked(coming);
  }

  /** The whole answer. */
  get(path: string, method?: string): Promise<HttpAnswer & { readonly text: string }> {
    return asked(this.open(path, method).then(async (answer) => ({ ...answer, text: await answer.body })));
  }

  #receive(message: IncomingMessage): HttpAnswer {
    const setCookie = message.headers["set-cookie"] ?? [];
    const ours = setCookie.filter((line) => line.startsWith("session_id="));
    for (const line of ours) this.cookie = /; Max-Age=0/i.test(line) ? undefined : line.split(";", 1)[0];
    const headers: Record<string, string | undefined> = Object.fromEntries(
      Object.entries(message.headersDistinct).map(([name, lines]) => [name, lines?.join(", ")]),
    );
    const body = (async () => {
      let text = "";
      for await (const chunk of message.setEncoding("utf8")) text += chunk;
      return text;
    })();
    return { status: message.statusCode ?? 0, headers, setCookie, ours, body: asked(body) };
  }
}

/** What a failure tells of an answer. */
function told({ status, headers, setCookie }: HttpAnswer): object {
  const { vary, "cache-control": cacheControl } = headers;
  return { status, setCookie: setCookie.length > 0 ? setCookie : undefined, vary, cacheControl };
}

/** It may be cut before anybody asks for it, when a case has failed at something else. */
function asked<T>(coming: Promise<T>): Promise<T> {
  coming.catch(() => {});
  return coming;
}
