import type { IncomingMessage } from "node:http";
import { hurry, leaveNow } from "../core/hurry.ts";
import { addDue, type NodeHeaders } from "./answer.ts";
import { expose } from "./expose.ts";
import type { Mount } from "./mount.ts";
import { Visit } from "./visit.ts";

/**
 * What a library gives to middleware in place of a response when a client asks for a WebSocket (engine.io). Its
 * `writeHead` says that the head leaves at once. It may have none of these.
 */
export interface UpgradeResponse extends Partial<NodeHeaders> {
  writeHead?: (...args: never[]) => unknown;
}

/** Returns true for anything that is no response of Node, and cannot be held back. */
export function isUpgrade(res: { readonly on?: unknown; readonly headersSent?: unknown }): boolean {
  return typeof res.on !== "function" || res.headersSent === undefined;
}

/** Calls `before` when the head is about to leave. It cannot wait. */
export function onHead(res: UpgradeResponse, before: (headers: NodeHeaders) => void): void {
  const { writeHead, getHeader, setHeader } = res;
  if (![writeHead, getHeader, setHeader].every((method) => typeof method === "function")) return;
  let isFirst = true;
  res.writeHead = (...args) => {
    if (isFirst) before(res as NodeHeaders);
    isFirst = false;
    return writeHead!.apply(res, args);
  };
}

/**
 * Gives the request of an upgrade its session. What was changed is saved when the head leaves, which carries the cookie
 * of a new session; later changes are saved by `save`.
 */
export function upgrade(
  mount: Mount<IncomingMessage>,
  req: IncomingMessage,
  res: UpgradeResponse,
  next: (error?: unknown) => void,
): unknown {
  const visit = new Visit(mount, req);
  expose(visit, req);
  let hasLeft = false;
  const go = (): void => {
    hurry(visit.session);
    onHead(res, (headers) => {
      hasLeft = true;
      const line = leaveNow(visit.session, (error) => mount.onError(error, req));
      const { vary, carrier, farewells } = visit;
      addDue(headers, { varies: false, vary, line, carrier, farewells });
    });
    next();
  };
  req.socket?.once("close", () => {
    if (!hasLeft) visit.discard();
  });
  return visit.begin(req, go, next);
}
