import { isRouteErrorResponse, Links, Outlet, Scripts } from "react-router";
import { STYLE } from "../../style.ts";
import type { Route } from "./+types/root";
import * as server from "./sessions.server.ts";

export const middleware: Route.MiddlewareFunction[] = [server.middleware];

export default function Root() {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Try a session</title>
        <style>{STYLE}</style>
        <Links />
      </head>
      <body>
        <Outlet />
        <Scripts />
      </body>
    </html>
  );
}

export function ErrorBoundary({ error }: Route.ErrorBoundaryProps) {
  return (
    <main>
      <h1>{isRouteErrorResponse(error) ? `${error.status} ${error.statusText}` : "Something is broken."}</h1>
    </main>
  );
}
