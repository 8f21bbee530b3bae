import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import { type Exchange, urlOf } from "./exchange.ts";
import type { UploadedFile } from "./file.ts";
import { HttpError } from "./http-error.ts";

/** The request that is being answered: `this.request` in an App. */
export class AppRequest<T extends object = SessionData> {
  readonly #exchange: Exchange;
  #url: URL | undefined;
  #query: URLSearchParams | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get method(): string {
    return this.#exchange.method;
  }

  /** The path as it was sent, percent-encoded and without the query. */
  get path(): string {
    return this.#exchange.path;
  }

  /** The whole URL, with the host that the client names. Throws HttpError 400 if that cannot be one (RFC 9112 3.2). */
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

  /** The web-standard request. Its body may have been read already; see `body`. */
  get raw(): Request {
    return this.#exchange.raw;
  }

  /** Aborts when the client goes away before it has the whole answer. */
  get signal(): AbortSignal {
    return this.#exchange.raw.signal;
  }

  /**
   * The session: plain data, stored at the end of the request if it changed. Assigning replaces the data; `{}` and null
   * end the session. Responses of handlers that look at it carry `Vary: Cookie`.
   */
  get session(): Session<T> {
    return this.#exchange.visit.session as Session<T>;
  }

  set session(data: Session<T> | null) {
    this.#exchange.visit.session = data as SessionData | null;
  }

  /** The first value of this name in the query, or `fallback`. */
  query(name: string): string | undefined;
  query<F>(name: string, fallback: F): string | F;
  query(name: string, fallback?: unknown): unknown {
    return this.#params().get(name) ?? fallback;
  }

  /** Every value of this name in the query, in order. */
  queryAll(name: string): string[] {
    return this.#params().getAll(name);
  }

  #params(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#exchange.search);
    return this.#query;
  }

  /**
   * The first value of this field of the form (urlencoded or multipart), or `fallback`. A field that the client sent
   * after a file is known once that file of `files` was read.
   */
  form(name: string): string | undefined;
  form<F>(name: string, fallback: F): string | F;
  form(name: string, fallback?: unknown): unknown {
    return this.#exchange.body?.fields?.get(name)?.[0] ?? fallback;
  }

  /** Every value of this field of the form, in order. */
  formAll(name: string): string[] {
    return [...(this.#exchange.body?.fields?.get(name) ?? [])];
  }

  /**
   * The JSON body; undefined if there is none. With a name: that member of it if it is an object that has one, else
   * `fallback`. What a client sends has any shape: check it.
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
   * The uploaded files of a multipart form, one after the other while they arrive; none for other bodies. What is not
   * read of a file is skipped when the next one is asked for, and what is not asked for is not received at all.
   */
  get files(): AsyncIterable<UploadedFile> {
    return this.#exchange.body?.files ?? NO_FILES;
  }

  /**
   * The body as a stream, if it is of a kind that is not read before the handler runs: anything but JSON and forms.
   * Null otherwise. It ends in HttpError 413 or 408 beyond the limits.
   */
  get body(): ReadableStream<Uint8Array> | null {
    return this.#exchange.body?.stream?.() ?? null;
  }
}

const NO_FILES: AsyncIterable<UploadedFile> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
};

/** What handlers see of an exchange. */
export function viewOf(exchange: Exchange): AppRequest<object> {
  exchange.view ??= new AppRequest(exchange);
  return exchange.view;
}
