import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A port that is free, and the one 10,000 above it as well, which Redis Cluster takes for itself. Below the range from
 * which systems take the ports of outgoing connections: there, a client that connects again and again while its server is
 * down can be given the server's own port, connects to itself, and keeps the server from coming back. `besides`: not these.
 */
export async function freePort(besides: readonly number[] = []): Promise<number> {
  for (;;) {
    const port = 11_000 + Math.floor(Math.random() * 11_000);
    if (!besides.includes(port) && (await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return true;
  } catch {
    return false;
  }
}
