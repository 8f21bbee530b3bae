import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Running } from "./running.ts";

/** Makes a server listen. Port 0 takes a free one. */
export async function listen(server: Server, port: number, host: string): Promise<Running> {
  await once(server.listen(port, host), "listening");
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve()))),
  };
}
