import type { SessionData } from "../backends/backend.ts";
import type { Loose, Registered, Session } from "../core/register.ts";
import { clientAddress } from "../core/trust-proxy.ts";
import type { Body } from "./body-content.ts";
import { copyOf } from "./copy.ts";
import { type Exchange, urlOf } from "./exchange.ts";
import type { UploadedFile } from "./file.ts";
import { HttpError } from "./http-error.ts";
import { routeName } from "./routes.ts";

/** The current request: `this.request` in an App. */
export class AppRequest<T extends object = Registered> {
  readonly #exchange: Exchange;
  #url: URL | undefined;
  #raw: Request | undefined;
  #query: URLSearchParams | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get method(): string {
    return this.#exchange.method;
  }

  /**
   * The path that decides about the route, without the query: dot segments are resolved, escapes are decoded, and a slash at the
   * end is dropped. `%2F` and `%25` stay, as a slash in an argument separates nothing. For the path as it was sent, see `url`.
   */
  get path(): string {
    return this.#exchange.path;
  }

  /**
   * The name of the method that the path leads to; undefined if it leads to none (a 404 or a 400). In the middlewares and
   * handlers of an App below `mount`, it is that App's method.
   */
  get route(): string | undefined {
    const { place } = this.#exchange;
    return place && routeName(place.routes, place.path);
  }

  /** The complete URL, with the host that the client sent. Throws HttpError 400 if the host is invalid (RFC 9112 3.2). */
  get url(): URL {
    if (this.#url === undefined) {
      const url = URL.parse(urlOf(this.#exchange.raw));
      if (url === null) throw new HttpError(400, "The Host header is not valid");
      this.#url = url;
    }
    return this.#url;
  }

  get headers(): Headers {
    return this.#exchange.raw.headers;
  }

  /**
   * The web-standard Request. The body of JSON or an urlencoded form can be read from it too, once. That of a multipart form
   * cannot: reading it fails with BodyGoneError. Any other body is the same as `body`, but without limits: read only one of them.
   */
  get raw(): Request {
    if (this.#raw === undefined) {
      const { raw, body } = this.#exchange;
      this.#raw = body === undefined || body.stream !== undefined ? raw : copyOf(this.#exchange, this.url);
    }
    return this.#raw;
  }

  /**
   * The IP address of the client, as text, without a port. Behind proxies it needs the option `trustProxy`. Undefined if it is not
   * known: where a host passes plain Requests to `fetch`, on a Unix socket, or if a trusted proxy sent none.
   */
  get address(): string | undefined {
    const { raw, trust } = this.#exchange;
    // The servers that `serve` starts have it there.
    const { ip } = raw as Request & { readonly ip?: string };
    return clientAddress(trust, ip, raw.headers.get("x-forwarded-for"));
  }

  /** Aborts when the client disconnects before it has the complete response. */
  get signal(): AbortSignal {
    return this.#exchange.raw.signal;
  }

  /**
   * The session: plain data, saved at the end of the request if it changed. Assigning replaces the data; assigning `{}` or
   * null ends the session. The response to a request that reads this has `Vary: Cookie`.
   */
  get session(): Session<T> {
    return this.#exchange.visit.session as Session<T>;
  }

  set session(data: Loose<T> | null) {
    this.#exchange.visit.session = data as SessionData | null;
  }

  /** Returns the first value of this name in the query string, or `fallback`. Without a name, returns all names and values. */
  query(): URLSearchParams;
  query(name: string): string | undefined;
  query<F>(name: string, fallback: F): string | F;
  query(name?: string, fallback?: unknown): unknown {
    return name === undefined
      ? new URLSearchParams(this.#exchange.search)
      : (this.#params().get(name) ?? fallback);
  }

  /** Returns all values of this name in the query string, in order. */
  queryAll(name: string): string[] {
    return this.#params().getAll(name);
  }

  #params(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#exchange.search);
    return this.#query;
  }

  /**
   * Returns the first value of this field of the form (urlencoded or multipart), or `fallback`. Without a name, returns all
   * fields; the values of one name are next to each other. A field that the client sends after a file is available once that
   * file of `files` was read.
   */
  form(): URLSearchParams;
  form(name: string): string | undefined;
  form<F>(name: string, fallback: F): string | F;
  form(name?: string, fallback?: unknown): unknown {
    const fields = this.#exchange.body?.fields;
    return name === undefined ? listed(fields) : (fields?.get(name)?.[0] ?? fallback);
  }

  /** Returns all values of this field of the form, in order. */
  formAll(name: string): string[] {
    return [...(this.#exchange.body?.fields?.get(name) ?? [])];
  }

  /**
   * Returns the JSON body; undefined if there is none. With a name, returns that member of it, or `fallback` if the body is
   * not an object with this member. The shape of the body is not checked.
   */
  json(): unknown;
  json(name: string, fallback?: unknown): unknown;
  json(name?: string, fallback?: unknown): unknown {
    const value = this.#exchange.body?.json;
    if (name === undefined) return value;
    const has =
      typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, name);
    return has ? (value as Record<string, unknown>)[name] : fallback;
  }

  /**
   * The uploaded files of a multipart form, one by one as they arrive; none for other bodies. The unread rest of a file is
   * skipped when the next one is requested. Files that are not requested are not received.
   */
  get files(): AsyncIterable<UploadedFile> {
    return this.#exchange.body?.files ?? NO_FILES;
  }

  /**
   * The body as a stream; null if there is no body, or if it is JSON or a form, which are read before the handler runs.
   * Reading fails with HttpError 413 or 408 above the limits.
   */
  get body(): ReadableStream<Uint8Array> | null {
    return this.#exchange.body?.stream?.() ?? null;
  }
}

const NO_FILES: AsyncIterable<UploadedFile> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
};

function listed(fields: Body["fields"]): URLSearchParams {
  const list = new URLSearchParams();
  for (const [name, values] of fields ?? []) for (const value of values) list.append(name, value);
  return list;
}

/** Returns what handlers see of an exchange, always the same object. */
export function viewOf(exchange: Exchange): AppRequest<object> {
  exchange.view ??= new AppRequest(exchange);
  return exchange.view as AppRequest<object>;
}
