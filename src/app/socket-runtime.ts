import type { Server, ServerOptions, ServerRequest } from "srvx";

/** The WebSockets of a server, whichever runtime it runs on. */
export interface SocketRuntime {
  /** Answers a request for a WebSocket, where the runtime passes these to `fetch`. Undefined for any other request. */
  answer?(request: ServerRequest): Promise<Response> | undefined;
  /** Called before the server listens. */
  attach?(server: Server): void;
  /** Further options of a server of Bun. */
  readonly bun?: ServerOptions["bun"];
  /** Stops timers. */
  stop?(): void;
}

/** Returns true for a request that asks for a WebSocket. */
export function asksForSocket({ headers }: Pick<Request, "headers">): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}
