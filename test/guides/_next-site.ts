import { spawnSync } from "node:child_process";
import { cpSync, existsSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NextHeaders } from "micropie/adapters/next";
import type { RunningSite } from "micropie/testing";
import { environment } from "../_command.ts";

const source = fileURLToPath(new URL("next-site", import.meta.url));
const example = fileURLToPath(new URL("../../examples/next", import.meta.url));
const folder = join(example, ".suite");

/** What the application asks for. */
export interface NextSite {
  /** Any path that has no page. */
  readonly answer?: (request: Request) => unknown;
  /** The text of `/page`. */
  readonly page?: () => unknown;
  /** The server action of `/page`. */
  readonly action?: (form: FormData) => unknown;
  /** For `/page` and everything below `/behind`. */
  readonly proxy?: (request: Request) => unknown;
}

/** Next's own functions, as the application was built with them. */
export interface NextParts extends NextHeaders {
  redirect(url: string): never;
  permanentRedirect(url: string): never;
  notFound(): never;
}

const parts = (): NextParts => (globalThis as unknown as { next: NextParts }).next;

/** They are there as soon as the application has been asked for anything. */
export const next: NextParts = {
  cookies: () => parts().cookies(),
  headers: () => parts().headers(),
  redirect: (url) => parts().redirect(url),
  permanentRedirect: (url) => parts().permanentRedirect(url),
  notFound: () => parts().notFound(),
};

/** What `nextSessions` takes of them. */
export const nextHeaders: NextHeaders = { cookies: next.cookies, headers: next.headers };

interface Server {
  prepare(): Promise<void>;
  getRequestHandler(): RequestListener;
}

let handler: Promise<RequestListener> | undefined;

/** Builds the application with the packages of the example, once in a process, and starts Next in this one. */
function built(): Promise<RequestListener> {
  handler ??= (async () => {
    rmSync(folder, { recursive: true, force: true });
    cpSync(source, folder, { recursive: true });
    const bin = join(example, "node_modules/next/dist/bin/next");
    if (!existsSync(bin)) throw new Error("The packages of examples/next are not installed.");
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, "build"], {
      cwd: folder,
      env: environment({ NODE_ENV: undefined, NEXT_TELEMETRY_DISABLED: "1" }),
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${stdout}${stderr}`);
    Object.assign(process.env, { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" });
    const make = createRequire(join(folder, "package.json"))("next") as (options: object) => Server;
    const server = make({ dir: folder, dev: false, hostname: "127.0.0.1", port: 3000 });
    await server.prepare();
    return server.getRequestHandler();
  })();
  return handler;
}

/** Serves the application, which does what `site` does. One at a time. */
export async function serveNext(site: NextSite): Promise<RunningSite> {
  const handle = await built();
  (globalThis as { site?: NextSite }).site = {
    proxy: () => new Response(null, { headers: { "x-middleware-next": "1" } }),
    ...site,
  };
  const server = createServer((request, response) => {
    const { writeHead } = response;
    response.writeHead = ((...args: Parameters<typeof writeHead>) => {
      // Next's own names, which stand in every answer.
      const vary = [response.getHeader("vary") ?? []].flat().join(", ");
      const others = vary.split(/,\s*/).filter((name) => name !== "" && !/^(rsc|next-router-.*)$/.test(name));
      if (others.length > 0) response.setHeader("vary", others.join(", "));
      else response.removeHeader("vary");
      return writeHead.apply(response, args);
    }) as typeof writeHead;
    void handle(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
