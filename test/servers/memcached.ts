import { once } from "node:events";
import { connect } from "node:net";
import { systemUser } from "./home.ts";
import { type Server, startServer } from "./server.ts";

export interface MemcachedServer extends Server {
  readonly host: string;
}

/** Starts a memcached. It keeps nothing over a restart. `options` are added to its command line. */
export async function startMemcached(options: readonly string[] = []): Promise<MemcachedServer> {
  const server = await startServer({
    wanted: "memcached",
    user: () => systemUser("memcache", "nobody"),
    args: (port) => ["-l", "127.0.0.1", "-p", String(port), "-U", "0"],
    options,
    async ready(port, pid) {
      const stats = await command(port, "stats");
      if (pid !== undefined && !stats.includes(`STAT pid ${pid}\r\n`)) {
        throw new Error(`Another server is on port ${port}.`);
      }
    },
  });
  return Object.assign(server, { host: "127.0.0.1" });
}

/** Sends one command over a connection of its own; answers all that came until the server closed it. */
export async function command(port: number, text: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, timeout: 5000 });
  socket.setEncoding("latin1");
  socket.on("timeout", () => socket.destroy(new Error("memcached does not answer.")));
  let answer = "";
  socket.on("data", (part: string) => {
    answer += part;
  });
  socket.write(`${text}\r\nquit\r\n`);
  await once(socket, "close");
  return answer;
}
