import type { IncomingMessage } from "node:http";
import type { NodeRequest } from "./node-response.ts";
import { pathIn } from "./path.ts";

/** A request of Node, or a web Request. */
export type AnyRequest = NodeRequest | Request;

/** Returns the value of a header of a request, by its name in lower case. */
export function headerOf({ headers }: AnyRequest, name: string): string | undefined {
  if (typeof headers.get === "function") return (headers as Headers).get(name) ?? undefined;
  return (headers as NodeRequest["headers"])[name]?.toString();
}

/** Returns the path of a request, to compare; see `pathIn`. Connect and Express keep it whole in `originalUrl`. */
export function pathOf(request: AnyRequest): string {
  const { originalUrl, url = "" } = request as IncomingMessage & { readonly originalUrl?: string };
  return pathIn(originalUrl ?? url);
}

/** Returns true if the client has left. Of a request of Node, the Hold of its response knows; Next shows no request to an action. */
export function hasLeft(request: AnyRequest): boolean {
  return typeof request.headers.get === "function" && (request as Partial<Request>).signal?.aborted === true;
}
