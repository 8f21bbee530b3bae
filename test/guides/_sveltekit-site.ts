import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { SvelteKitEvent, SvelteKitHandle } from "micropie/adapters/sveltekit";
import type { RunningSite } from "micropie/testing";
import { environment } from "../_command.ts";

const source = fileURLToPath(new URL("sveltekit-site", import.meta.url));
const example = fileURLToPath(new URL("../../examples/sveltekit", import.meta.url));
const folder = join(example, ".suite");

/** What the application asks for; SvelteKit's own `RequestEvent` is more than this. */
export interface SiteEvent extends SvelteKitEvent {
  readonly locals: Record<string, unknown>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export interface SvelteKitSite {
  readonly handle: SvelteKitHandle;
  readonly handleError?: (input: never) => unknown;
  /** Any path that has no page. */
  readonly answer?: (event: SiteEvent) => unknown;
  /** Of `/page`, which shows `text` and what `later` comes to. */
  readonly load?: (event: SiteEvent) => unknown;
  readonly action?: (event: SiteEvent) => unknown;
  /** What the remote function of the page does. */
  readonly command?: (event: SiteEvent, name: string) => unknown;
}

let handler: Promise<RequestListener> | undefined;

/** Builds the application with the packages of the example, once in a process. */
function built(): Promise<RequestListener> {
  handler ??= (async () => {
    rmSync(folder, { recursive: true, force: true });
    cpSync(source, folder, { recursive: true });
    const vite = join(example, "node_modules/vite/bin/vite.js");
    if (!existsSync(vite)) throw new Error("The packages of examples/sveltekit are not installed.");
    const { status, stdout, stderr } = spawnSync(process.execPath, [vite, "build"], {
      cwd: folder,
      env: environment({ NODE_ENV: undefined }),
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${stdout}${stderr}`);
    process.env.PROTOCOL_HEADER = "x-forwarded-proto";
    const module = await import(pathToFileURL(join(folder, "build/handler.js")).href);
    return (module as { handler: RequestListener }).handler;
  })();
  return handler;
}

/** Where the remote function is called. */
export function remotePath(): string {
  const manifest = readFileSync(join(folder, "build/server/manifest.js"), "utf8");
  const [, hash] = /remotes: \{\s*["']?([\w-]+)["']?:/.exec(manifest) ?? [];
  return `/_app/remote/${hash}/run`;
}

/** Serves the application, which does what `site` does. One at a time. */
export async function serveSvelteKit(site: SvelteKitSite): Promise<RunningSite> {
  const handle = await built();
  (globalThis as { site?: SvelteKitSite }).site = site;
  const server = createServer((request, response) => {
    request.headers["x-forwarded-proto"] = "http";
    // What a form sends; SvelteKit refuses one from elsewhere, and one from nowhere.
    request.headers.origin ??= `http://${request.headers.host}`;
    handle(request, response);
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
