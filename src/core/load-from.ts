import { type Client, connectedAddress } from "./client.ts";
import type { Engine, LoadOptions } from "./live.ts";
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
  if (typeof from !== "object" || from === null) return undefined;
  return {
    header: (name) =>
      getterOf(typeof (from as WebHeaders).get === "function" ? from : Object(from).headers)?.(name),
    address() {
      return clientAddress(
        options.trustProxy,
        connectedAddress(from),
        this.header("x-forwarded-for") ?? null,
      );
    },
  };
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
