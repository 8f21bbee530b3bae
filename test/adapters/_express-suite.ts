import compression from "compression";
import type { Express, RequestHandler } from "express";
import { type ExpressRequest, expressSessions } from "micropie/adapters/express";
import { type AdapterSuiteOptions, adapterSuite, type Demo, type DemoData } from "micropie/testing";
import { describe, test } from "vitest";
import { answer, type EXPRESS, errorPage, listen, newApp, route } from "./_express-server.ts";
import { setViews, ways } from "./_express-ways.ts";

type Req = ExpressRequest<DemoData>;

/** Where the adapter stands in an application: as it is, with an error handler, and beside compression. */
const MOUNTS = {
  "with an error handler": (app, sessions, demo) => app.use(sessions).use(site(demo)).use(errorPage),
  "with Express' own error page": (app, sessions, demo) =>
    app.set("env", "production").use(sessions).use(site(demo)),
  "after compression": (app, sessions, demo) =>
    app.use(compress()).use(sessions).use(site(demo)).use(errorPage),
  "before compression": (app, sessions, demo) =>
    app.use(sessions).use(compress()).use(site(demo)).use(errorPage),
} satisfies Record<string, (app: Express, sessions: RequestHandler, demo: Demo) => void>;

export type ExpressMount = keyof typeof MOUNTS;

/** The adapter suite on one release of Express, in each of these places. */
export function expressSuite(version: keyof typeof EXPRESS, mounts: readonly ExpressMount[]): void {
  describe.each(mounts)(`Express ${version}, %s`, (mount) => {
    const start: AdapterSuiteOptions["start"] = (sessions, demo) => {
      const app = newApp(version);
      setViews(app);
      MOUNTS[mount](app, expressSessions(sessions, { onError: () => {} }), demo);
      return listen(app);
    };
    for (const { name, run } of adapterSuite({ start, ways: Object.keys(ways) })) test(name, run);
  });
}

/** It says itself that the answer varies, which three routes are not to say. */
function compress(): RequestHandler {
  const filter: compression.CompressionFilter = (req, res) =>
    !["/none", "/vary", "/read"].includes(req.path) && compression.filter(req, res);
  return compression({ threshold: 0, filter });
}

function site(demo: Demo): ReturnType<typeof route> {
  return route(async (request, res) => {
    const req = request as typeof request & Req;
    const way = ways[req.path];
    if (way !== undefined) {
      const visits = (req.session.visits ?? 0) + 1;
      req.session.visits = visits;
      return way(res, visits);
    }
    const given = await demo({
      path: req.path,
      get session() {
        return req.session;
      },
      set session(data) {
        req.session = data;
      },
    });
    return answer(res, given);
  });
}
