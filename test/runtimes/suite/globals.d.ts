/** What Bun and workerd have and Node has not, as far as the suite uses it. */
declare module "bun:sqlite" {
  import type { SqliteLike } from "micropie/backends/sqlite";

  export const Database: new (path: string) => SqliteLike & { close(): void };
}

declare module "cloudflare:node" {
  export function httpServerHandler(options: { port: number }): {
    fetch(request: Request, env: unknown, context: unknown): Promise<Response>;
  };
}
