import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { RunningSite } from "micropie/testing";
import { serve } from "srvx";

/** The React Router of the example, which is not among the packages of the tests. */
const require = createRequire(new URL("../../examples/react-router/package.json", import.meta.url));

/** What is used of it. */
export interface ReactRouter {
  createRequestHandler(build: object, mode: string): (request: Request) => Promise<Response>;
  redirect(url: string, status?: number): Response;
  data(value: unknown, init: { status: number }): unknown;
  isSession(object: unknown): boolean;
  createSessionStorage(strategy: object): unknown;
}

export const reactRouter = (): Promise<ReactRouter> =>
  import(pathToFileURL(require.resolve("react-router")).href) as Promise<ReactRouter>;

export interface RouteArgs {
  readonly request: Request;
  readonly url: URL;
  readonly context: { get<T>(key: { defaultValue?: T }): T };
}

/** What a route's module exports. */
export interface RouteModule {
  readonly loader?: (args: RouteArgs) => unknown;
  readonly action?: (args: RouteArgs) => unknown;
  /** Without one it is a resource route. */
  readonly default?: () => null;
}

/** Serves routes by their paths, "*" being any, as React Router's own servers do, behind this middleware of the root. */
export async function serveRoutes(
  middleware: readonly unknown[],
  routes: Readonly<Record<string, RouteModule>>,
  told: unknown[] = [],
): Promise<RunningSite> {
  const { createRequestHandler } = await reactRouter();
  const ids = Object.keys(routes);
  const build = {
    entry: {
      module: {
        // A page shows its errors by its status alone.
        default: (
          _request: Request,
          status: number,
          headers: Headers,
          { serverHandoffStream: stream }: { serverHandoffStream?: ReadableStream<Uint8Array> },
        ) => new Response(stream, { status, headers }),
        handleError: (error: unknown) => told.push(error),
      },
    },
    routes: {
      root: { id: "root", path: "", module: { middleware, default: () => null } },
      ...Object.fromEntries(
        ids.map((path) => [path, { id: path, parentId: "root", path, module: routes[path] }]),
      ),
    },
    assets: { version: "1", url: "", entry: { module: "", imports: [] }, routes: {} },
    publicPath: "/",
    assetsBuildDirectory: "",
    basename: "/",
    future: {},
    ssr: true,
    isSpaMode: false,
    prerender: [],
    routeDiscovery: { mode: "initial", manifestPath: "/__manifest" },
    allowedActionOrigins: [],
  };
  const handle = createRequestHandler(build, "production");
  const server = serve({ port: 0, hostname: "127.0.0.1", silent: true, fetch: (request) => handle(request) });
  await server.ready();
  return { url: server.url!, close: () => server.close(true) };
}
