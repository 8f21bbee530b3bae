import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { ServerMissing } from "./servers/find.ts";
import type { Answer } from "./servers/on-server.ts";
import { openServers, SERVER_NAMES } from "./servers/servers.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where test files ask for servers. */
    servers: string;
  }
}

/**
 * Around all tests: starts a server when a test file first asks for it, `GET /redis`, and stops all at the end. Should
 * this process be killed, each server's watchdog ends it (servers/home.ts).
 */
export default async function serveServers(project: TestProject): Promise<() => Promise<void>> {
  const servers = openServers();
  const answer = async (path: string): Promise<Answer> => {
    try {
      const name = SERVER_NAMES.find((each) => path === `/${each}`);
      if (name === undefined)
        throw new Error(`No server has the name ${path.slice(1)}: ${SERVER_NAMES.join(", ")}.`);
      return { info: await servers.get(name) };
    } catch (error) {
      if (error instanceof ServerMissing) return { missing: error.message, command: error.command };
      return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  const endpoint = createServer(async (request, response) => {
    response.setHeader("Content-Type", "application/json");
    // Installing one can take longer than clients wait for a sign of life; JSON may begin with spaces.
    const alive = setInterval(() => response.write(" "), 10_000);
    response.flushHeaders();
    const text = JSON.stringify(await answer(request.url ?? ""));
    clearInterval(alive);
    response.end(text);
  });
  endpoint.listen(0, "127.0.0.1");
  await once(endpoint, "listening");
  project.provide("servers", `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`);
  return async () => {
    endpoint.close();
    endpoint.closeAllConnections();
    await servers.stop();
  };
}
