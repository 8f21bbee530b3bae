import type { IncomingMessage, ServerResponse } from "node:http";
import { isThenable } from "./attempt.ts";
import { sendOwn } from "./endpoint.ts";
import { prepareErrorHead } from "./error-answer.ts";
import { expose } from "./expose.ts";
import { Hold, holdOf } from "./hold.ts";
import type { Mount } from "./mount.ts";
import type { HeldResponse } from "./node-response.ts";
import { type UpgradeResponse, upgrade } from "./upgrade.ts";
import { isMounted, Visit } from "./visit.ts";

export type Next = (error?: unknown) => void;
export type Handler = (req: IncomingMessage, res: ServerResponse) => unknown;
export type Listener = (req: IncomingMessage, res: ServerResponse, next?: Next) => unknown;

/**
 * Returns a listener that gives each request its session and runs the handler; without a handler, Connect-style
 * middleware. `besides` is a further property to define on each request.
 */
export function listenerOf(
  mount: Mount<IncomingMessage>,
  handler: Handler | undefined,
  besides?: readonly [name: string, property: PropertyDescriptor],
): Listener {
  return (req, res, next) => {
    if (next !== undefined && (res.headersSent === undefined || typeof res.on !== "function")) {
      if (besides !== undefined) Object.defineProperty(req, ...besides);
      return upgrade(mount, req, res as UpgradeResponse, next);
    }
    const own = mount.endpoint && sendOwn(mount.endpoint, req, res);
    if (own !== undefined) return own;
    const outer = holdOf(res);
    const hold =
      outer ?? new Hold(req, res, (error) => mount.onError(error, req), handler ? undefined : next);
    const go =
      handler === undefined ? next! : (): unknown => run(handler, hold, outer === undefined, req, res);
    if (outer !== undefined && isMounted(outer.uses, mount)) return go();
    const visit = new Visit(mount, req);
    hold.add(visit);
    if (outer !== undefined && res.headersSent) void visit.commit();
    expose(visit, req);
    if (besides !== undefined) Object.defineProperty(req, ...besides);
    const refuse = (error: unknown): void => {
      visit.discard();
      if (handler !== undefined) hold.fail(error);
      else {
        if (!res.headersSent)
          prepareErrorHead(res as unknown as HeldResponse, error, req.httpVersionMajor >= 2);
        next!(error);
      }
    };
    let loading: Promise<void> | undefined;
    try {
      loading = visit.load(req);
    } catch (error) {
      return refuse(error);
    }
    if (loading === undefined) return go();
    const loaded = loading.then(() => {
      // The client has left before anything of the request ran.
      if (hold.closed && (outer === undefined || visit.exclusive)) return visit.discard();
      return go();
    }, refuse);
    return outer === undefined ? undefined : loaded;
  };
}

/** Runs the handler. The hold answers its errors, so the promise that this returns does not reject. */
function run(
  handler: Handler,
  hold: Hold,
  isOutermost: boolean,
  req: IncomingMessage,
  res: ServerResponse,
): unknown {
  const failed = (error: unknown): void => hold.fail(error);
  try {
    const result = handler(req, res);
    if (!isThenable(result)) return result;
    if (isOutermost) hold.running = true;
    return result.then(() => (isOutermost ? hold.settle() : undefined), failed);
  } catch (error) {
    return failed(error);
  }
}

/** Drops the changes of a handler that has thrown. Later changes are saved. Synchronous if no save is running. */
export function dropChanges(res: ServerResponse, error: unknown): Promise<unknown> | undefined {
  const hold = holdOf(res);
  if (hold === undefined) return undefined;
  hold.seesErrors = true;
  if (!hold.makeWay(error)) return undefined;
  const reverted = hold.uses.map((use) => use.revert?.());
  return reverted.some((each) => each instanceof Promise) ? Promise.all(reverted) : undefined;
}

/** Returns the target of the request. Connect and Express remove the prefix that they are mounted at from `url`. */
export function targetOf(req: IncomingMessage): string {
  return (req as { originalUrl?: string }).originalUrl ?? req.url ?? "/";
}
