import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { AnyElysia } from "elysia";
import type { RunningSite } from "micropie/testing";

/** What every runtime serves. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** Serves a handler on a free port of this machine. */
export type Listen = (handler: Handler) => Promise<RunningSite> | RunningSite;

/** `node:http`, behind web-standard requests. On Bun and Deno srvx serves through their own servers. */
export const srvx: Listen = async (fetch) => {
  const { serve } = await import("srvx");
  const options = { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false };
  const server = serve({ ...options, fetch });
  await server.ready();
  return { url: server.url!, close: () => server.close(true) };
};

/** What this is run by, unless it is Node. */
export const { Bun, Deno } = globalThis as { Bun?: BunRuntime; Deno?: DenoRuntime };

interface BunRuntime {
  serve(options: { port: number; hostname: string; fetch: Handler }): {
    readonly url: URL;
    stop(closeConnections: boolean): Promise<void>;
  };
}

interface DenoRuntime {
  serve(
    options: { port: number; hostname: string; onListen: () => void },
    handler: Handler,
  ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
}

export const bunServe: Listen = (fetch) => {
  const server = Bun!.serve({ port: 0, hostname: "127.0.0.1", fetch });
  return { url: server.url.href, close: () => server.stop(true) };
};

export const denoServe: Listen = (handler) => {
  const server = Deno!.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  return { url: `http://127.0.0.1:${server.addr.port}`, close: () => server.shutdown() };
};

/** On Bun, where Elysia gives its routes to the server. */
export function elysiaListen(app: AnyElysia): Promise<RunningSite> {
  return new Promise((resolve) => {
    app.listen({ port: 0, hostname: "127.0.0.1" }, (server) => {
      resolve({ url: server.url!.href, close: () => server.stop(true) });
    });
  });
}

/** The runtime's own `node:http`. */
export async function nodeHttp(listener: RequestListener): Promise<RunningSite> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
