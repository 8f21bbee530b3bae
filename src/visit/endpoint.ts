import type { ServerResponse } from "node:http";
import type { BoundAnswer } from "../core/bound.ts";
import { ENGINE } from "../core/live.ts";
import type { Sessions } from "../core/sessions.ts";
import { type AnyRequest, headerOf, pathOf } from "./any-request.ts";

/*
 * The one place where a request is answered that no handler gets: those by which a browser renews what binds its session.
 * Every adapter asks here first.
 */

/**
 * Returns the answer to a request that only the sessions themselves answer; undefined for any other. Its body is not read,
 * and it has no session.
 */
export function ownAnswer(
  { sessions }: { readonly sessions: Pick<Sessions, typeof ENGINE> },
  request: AnyRequest,
): Promise<BoundAnswer> | undefined {
  const engine = sessions[ENGINE];
  const { bound } = engine;
  if (bound === undefined || request.method !== "POST" || pathOf(request) !== bound.path) return undefined;
  return bound.answer(engine, (name) => headerOf(request, name));
}

/** The same as a Response. */
export function ownResponse(
  mount: Parameters<typeof ownAnswer>[0],
  request: AnyRequest,
): Promise<Response> | undefined {
  return ownAnswer(mount, request)?.then(({ status, lines, fields, body }) => {
    const headers = new Headers([
      ["Cache-Control", "no-store"],
      ...fields.map((field): [string, string] => [...field]),
    ]);
    for (const line of lines) headers.append("Set-Cookie", line);
    return new Response(body, { status, headers });
  });
}

/** Sends it on a response of Node. Returns undefined for any other request, of which nothing is answered. */
export function sendOwn(
  mount: Parameters<typeof ownAnswer>[0],
  request: AnyRequest,
  res: Pick<ServerResponse, "setHeader" | "end"> & { statusCode: number },
): Promise<void> | undefined {
  return ownAnswer(mount, request)?.then(({ status, lines, fields, body }) => {
    res.statusCode = status;
    res.setHeader("Cache-Control", "no-store");
    for (const [name, value] of fields) res.setHeader(name, value);
    if (lines.length > 0) res.setHeader("Set-Cookie", lines);
    res.end(body);
  });
}
