import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import type { AnyElysia } from "elysia";
import { backendSuite, type RunningSite, type SuiteCase } from "micropie/testing";
import { engineSuite } from "../../engine/suite.ts";
import { appCases, asking, direct } from "./app-cases.ts";
import { type Groups, suiteOf } from "./cases.ts";
import { appDemo, type DemoApp, fetchDemo, nodeDemo } from "./demo-apps.ts";
import { h3Demo, honoDemo } from "./framework-apps.ts";
import { SiteApp } from "./site-app.ts";
import { encrypted, memory } from "./stores.ts";

/** What answers the requests that reach the Worker. */
export type Answer = (request: Request, env: unknown, context: unknown) => Response | Promise<Response>;

/** Puts it where requests arrive. */
export type Put = (answer: Answer) => RunningSite;

/** What is run in a Worker. Nothing listens there, so the Worker asks itself. */
export function workerGroups(put: Put): Groups {
  return {
    "memory keeps the contract": backendSuite({ create: memory }),
    "the engine on memory": engineSuite({ create: memory }),
    "encryption keeps the contract": backendSuite({ create: encrypted }),
    "fetchSessions as a Worker": suiteOf(fetchDemo, put, false),
    "honoSessions as a Worker": suiteOf(honoDemo, put, false),
    "h3Sessions as a Worker": suiteOf(h3Demo, put, false),
    "App.fetch as a Worker": suiteOf(appDemo, (app) => put((request) => app.fetch(request)), false),
    "App, called": appCases(direct),
    "App as a Worker": [
      ...appCases(
        async (app) => {
          const { url, close } = put((request) => app.fetch(request));
          return { ask: asking(url), close };
        },
        ["a stream ends when the client leaves, and what it changes then is saved"],
      ),
      SERVES_NOT,
    ],
  };
}

/** What a Worker has since 2025: the servers of `node:http`, and code that is made when it starts, as Elysia makes it. */
export function groupsOf2025(
  put: Put,
  serve: (listener: RequestListener) => RunningSite,
  elysia: DemoApp<AnyElysia>,
): Groups {
  return {
    // Its server of node:http ends a User-Agent at the first comma.
    "nodeSessions as a Worker, through httpServerHandler": suiteOf(nodeDemo, serve, false).filter(
      ({ promise }) => promise !== "U3",
    ),
    "elysiaSessions as a Worker, compiled when it starts": suiteOf(
      elysia,
      (app) => put((request) => app.fetch(request)),
      false,
    ),
  };
}

/** The documentation says so. */
const SERVES_NOT: SuiteCase = {
  promise: "",
  name: "App.serve says that nothing can listen",
  run: () => assert.rejects(new SiteApp().serve(), { name: "ConfigError", option: "serve" }),
};
