import { type Client, connectedAddress } from "./client.ts";
import type { Engine, LoadOptions } from "./live.ts";
import type { ResolvedOptions } from "./resolved-options.ts";
import { clientAddress } from "./trust-proxy.ts";

/** What a session can be loaded from: a request of the web or of Node, its headers, or its raw Cookie header. */
export type LoadFrom =
  | string
  | null
  | undefined
  | WebHeaders
  | { readonly headers: WebHeaders | NodeHeaders };

interface WebHeaders {
  get(name: string): string | null;
}

interface NodeHeaders {
  readonly cookie?: string | undefined;
  readonly [name: string]: string | readonly string[] | undefined;
}

/**
 * Returns the Cookie header of a request, and how to load: by the header that the option `tokenHeader` names, if the
 * request has that and the caller has not said so. Throws TypeError for anything that has no headers.
 */
export function cookieIn(
  { options }: Engine,
  from: LoadFrom,
  how: LoadOptions | undefined,
): [header: string | null | undefined, how: LoadOptions | undefined] {
  if (typeof from === "string" || from === null || from === undefined) return [from, how];
  const get = getterOf(typeof (from as WebHeaders).get === "function" ? from : Object(from).headers);
  if (get === undefined)
    throw new TypeError("load: pass a Request, its headers, the text of its Cookie header, or nothing.");
  const token = options.tokenHeader === undefined ? undefined : get(options.tokenHeader);
  return [get("cookie"), token === undefined || how?.token !== undefined ? how : { ...how, token }];
}

/** Returns who sent a request; undefined if only the text of its Cookie header is known. */
export function clientIn({ options }: Engine, from: LoadFrom): Client | undefined {
  return typeof from === "object" && from !== null ? new Requester(from, options) : undefined;
}

class Requester implements Client {
  readonly #from: object;
  readonly #options: ResolvedOptions;

  constructor(from: object, options: ResolvedOptions) {
    this.#from = from;
    this.#options = options;
  }

  header(name: string): string | undefined {
    const from = this.#from as Partial<WebHeaders> & { readonly headers?: unknown };
    return getterOf(typeof from.get === "function" ? from : from.headers)?.(name);
  }

  address(): string | undefined {
    const forwarded = this.header("x-forwarded-for") ?? null;
    return clientAddress(this.#options.trustProxy, connectedAddress(this.#from), forwarded);
  }
}

function getterOf(headers: unknown): ((name: string) => string | undefined) | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const { get } = headers as Partial<WebHeaders>;
  if (typeof get === "function") return (name) => (headers as WebHeaders).get(name) ?? undefined;
  return (name) => {
    const value = (headers as NodeHeaders)[name];
    return Array.isArray(value) ? value.join(name === "cookie" ? "; " : ", ") : (value as string | undefined);
  };
}
