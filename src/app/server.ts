import type { Server as HttpServer } from "node:http";
import type { Server, ServerOptions } from "srvx";

/**
 * Starts a server, and resolves when it listens. `attach` is called before. It prints nothing and ignores signals. srvx is loaded here, because an App
 * on a host of fetch handlers does not need it.
 */
export async function startServer(
  { bun, ...options }: ServerOptions,
  attach?: ((server: Server) => void) | undefined,
): Promise<Server> {
  const { serve } = await import("srvx");
  const server = serve({
    ...options,
    manual: true,
    silent: true,
    gracefulShutdown: false,
    // The workers of a cluster share the port of their primary.
    node: { exclusive: false },
    // Bun closes a stream that is silent for ten seconds unless told otherwise; 255 is the longest it allows.
    bun: { idleTimeout: 255, ...bun },
  });
  attach?.(server);
  await server.serve();
  await server.ready();
  return server;
}

/**
 * Stops accepting connections, waits `timeout` seconds for running requests and for `others`, then closes their connections.
 */
export async function closeServer(
  server: Server,
  timeout: number,
  others?: Promise<void> | undefined,
): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cut = setTimeout(() => {
    late.resolve();
    void server.close(true);
  }, timeout * 1000);
  // A response whose headers were sent before now said keep-alive; its connection would stay open for seconds.
  const sweep = setInterval(() => closeIdle(server.node?.server), 50);
  try {
    await server.close();
    await Promise.race([others, late.promise]);
  } finally {
    clearTimeout(cut);
    clearInterval(sweep);
  }
}

function closeIdle(server: object | undefined): void {
  if (server !== undefined && "closeIdleConnections" in server) (server as HttpServer).closeIdleConnections();
}
