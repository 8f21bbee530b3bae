import type { ServerResponse } from "node:http";
import type { BoundAnswer } from "../core/bound.ts";
import type { Endpoint } from "../core/told.ts";
import { fieldsOf } from "./answer.ts";
import { type AnyRequest, headerOf, pathOf } from "./request.ts";

/*
 * The one place where a request is answered that no handler gets: those by which a browser renews what binds its session.
 * Every adapter asks here first.
 */

/**
 * Returns the answer to a request that only the sessions themselves answer; undefined for any other. Its body is not read,
 * and it has no session.
 */
export function ownAnswer(endpoint: Endpoint, request: AnyRequest): Promise<BoundAnswer> | undefined {
  if (request.method !== "POST" || pathOf(request) !== endpoint.path) return undefined;
  return endpoint.answer((name) => headerOf(request, name));
}

/** Returns the same as a Response. */
export function ownResponse(endpoint: Endpoint, request: AnyRequest): Promise<Response> | undefined {
  return ownAnswer(endpoint, request)?.then(
    (answer) => new Response(answer.body, { status: answer.status, headers: fieldsOf(answer) }),
  );
}

/** Sends it on a response of Node. Returns undefined for any other request, of which nothing is answered. */
export function sendOwn(
  endpoint: Endpoint,
  request: AnyRequest,
  res: Pick<ServerResponse, "setHeader" | "end"> & { statusCode: number },
): Promise<void> | undefined {
  return ownAnswer(endpoint, request)?.then((answer) => {
    res.statusCode = answer.status;
    for (const [name, value] of fieldsOf(answer)) res.setHeader(name, value);
    res.end(answer.body);
  });
}
