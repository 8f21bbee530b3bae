import type { IncomingMessage, ServerResponse } from "node:http";
import type { Awaitable } from "../backends/backend.ts";

/** Requests of Node, by the web requests that stand for them. */
const incomings = new WeakMap<Request, IncomingMessage>();

/** Returns the request of Node that a web request stands for, as its framework has it; undefined if there is none. */
export function incomingOf(request: Request): IncomingMessage | undefined {
  return incomings.get(request);
}

/**
 * Returns a listener of Node around a fetch handler that reads no bodies, so that it does not matter which parser of bodies
 * came before.
 */
export function nodeListener(
  fetch: (request: Request) => Awaitable<Response>,
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  return async (req, res) => {
    const response = await fetch(webRequest(req));
    const body = Buffer.from(await response.arrayBuffer());
    if (res.headersSent || res.writableEnded) return;
    res.statusCode = response.status;
    for (const [name, value] of response.headers) res.appendHeader(name, value);
    res.setHeader("content-length", response.headers.get("content-length") ?? body.byteLength);
    res.end(body);
  };
}

function webRequest(req: IncomingMessage & { readonly originalUrl?: string | undefined }): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(req.headers))
    if (!name.startsWith(":") && !/^(?:content-(?:type|length)|transfer-encoding)$/.test(name))
      headers.set(name, String(value));
  const target = req.originalUrl ?? req.url ?? "/";
  const host = req.headers.host ?? String(req.headers[":authority"] ?? "localhost");
  const scheme = "encrypted" in req.socket ? "https" : "http";
  const url = URL.parse(target.startsWith("/") ? `${scheme}://${host}${target}` : target);
  const request = new Request(url ?? "http://localhost/", { method: req.method ?? "GET", headers });
  incomings.set(request, req);
  return request;
}
