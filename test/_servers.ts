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

/** The endpoint of this process, and how many circles use it. */
interface Shared {
  readonly url: string;
  users: number;
  stop(): Promise<void>;
}

const SHARED = Symbol.for("the servers of micropie's tests");
// Each circle loads this module for itself.
const here = globalThis as { [SHARED]?: Promise<Shared> };

/**
 * Around the tests of a circle: starts a server when a test file first asks for it, `GET /redis`, and stops all when the
 * last circle ends. Should this process be killed, each server's watchdog ends it (servers/home.ts).
 */
export default async function serveServers(project: TestProject): Promise<() => Promise<void>> {
  here[SHARED] ??= listen();
  const shared = await here[SHARED];
  shared.users++;
  project.provide("servers", shared.url);
  return async () => {
    if (--shared.users > 0) return;
    delete here[SHARED];
    await shared.stop();
  };
}

async function listen(): Promise<Shared> {
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
  return {
    url: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`,
    users: 0,
    async stop() {
      endpoint.close();
      endpoint.closeAllConnections();
      await servers.stop();
    },
  };
}
