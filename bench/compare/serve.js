/** Where a contender's server listens, and how it ends. */
import { once } from "node:events";
import { serve } from "@hono/node-server";

/** For a `node:http` server that listens, or is told to listen here. */
export async function listen(server) {
  if (!server.listening) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * For a function from Request to Response, on @hono/node-server. For an application of Hono it puts its own Request and
 * Response in the place of Node's, as it does by default, until the server is closed.
 */
export async function listenOnWeb(fetch, { hono = false } = {}) {
  const { Request, Response } = globalThis;
  const server = serve({ fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: hono });
  if (!server.listening) await once(server, "listening");
  const { url, close } = await listen(server);
  return {
    url,
    close() {
      close();
      Object.assign(globalThis, { Request, Response });
    },
  };
}
