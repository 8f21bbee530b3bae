import { isRouteErrorResponse, Links, Outlet, Scripts } from "react-router";
import type { Route } from "./+types/root";
import * as server from "./sessions.server.ts";

export const middleware: Route.MiddlewareFunction[] = [server.middleware];

export default function Root() {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <title>Sessions</title>
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
    <h1>{isRouteErrorResponse(error) ? `${error.status} ${error.statusText}` : "Something is broken."}</h1>
  );
}
