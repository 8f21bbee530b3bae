import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { type BackendSuiteOptions, backendSuite, withClock } from "micropie/testing";
import { engineSuite } from "../../engine/suite.ts";
import { appCases, asking, direct } from "./app-cases.ts";
import { type Groups, suiteOf } from "./cases.ts";
import { appDemo, fetchDemo, nodeDemo } from "./demo-apps.ts";
import { elysiaDemo, h3Demo, honoDemo } from "./framework-apps.ts";
import { bunServe, denoServe, elysiaListen, type Listen, nodeHttp, srvx } from "./listeners.ts";
import { adapterSocketCases, socketCases } from "./socket-cases.ts";
import { crosswsOnBun, crosswsOnDeno, onBun, onDeno } from "./socket-servers.ts";
import { encrypted, memory } from "./stores.ts";

/** The runtimes that a program of this machine runs. */
export type Runtime = "node" | "bun" | "deno";

/** The server that each of them has, for a function from Request to Response. */
const SERVERS: Record<Runtime, [name: string, listen: Listen]> = {
  node: ["node:http, through srvx", srvx],
  bun: ["Bun.serve", bunServe],
  deno: ["Deno.serve", denoServe],
};

/** All that is run on a runtime. Nothing of it is touched before a case runs, so any runtime can make the list. */
export function groupsOf(runtime: Runtime): Groups {
  const [name, listen] = SERVERS[runtime];
  // The Requests of Bun and Deno do not tell where they came from.
  const isTold = runtime === "node";
  return {
    "the package": [
      {
        promise: "",
        name: "is the one that was built, found by its name",
        async run() {
          assert.match(import.meta.resolve("micropie"), /\/node_modules\/micropie\/dist\/index\.js$/);
        },
      },
    ],
    "memory keeps the contract": backendSuite({ create: memory }),
    "the engine on memory": engineSuite({ create: memory }),
    "encryption keeps the contract": backendSuite({ create: encrypted }),
    "a file of SQLite keeps the contract": backendSuite({ create: sqliteFile }),
    ...(runtime === "bun"
      ? { "a handle of bun:sqlite keeps the contract": backendSuite({ create: bunSqlite }) }
      : {}),
    [`fetchSessions on ${name}`]: suiteOf(fetchDemo, listen, isTold),
    [`honoSessions on ${name}`]: suiteOf(honoDemo, listen),
    [`h3Sessions on ${name}`]: suiteOf(h3Demo, listen, isTold),
    [`elysiaSessions on ${name}`]: suiteOf(
      elysiaDemo,
      (app) => listen((request) => app.fetch(request)),
      isTold,
    ),
    ...(runtime === "bun"
      ? { "elysiaSessions on Bun, through Elysia's own listen": suiteOf(elysiaDemo, elysiaListen) }
      : {}),
    [`App.fetch on ${name}`]: suiteOf(appDemo, (app) => listen((request) => app.fetch(request)), isTold),
    "App.serve": suiteOf(appDemo, (app) => app.serve(QUIETLY)),
    "nodeSessions on node:http": suiteOf(nodeDemo, nodeHttp),
    "App, called": appCases(direct),
    [`App on ${name}`]: appCases(async (app) => {
      const { url, close } = await listen((request) => app.fetch(request));
      return { ask: asking(url), close };
    }),
    "App, serving itself": appCases(async (app) => {
      const { url, close } = await app.serve(QUIETLY);
      return { ask: asking(url), close: () => close() };
    }),
    "WebSockets of an App": socketCases(),
    ...(runtime === "bun"
      ? {
          "bunSessions on Bun.serve": adapterSocketCases(onBun),
          "crosswsSessions on Bun": adapterSocketCases(crosswsOnBun),
        }
      : {}),
    ...(runtime === "deno"
      ? {
          "denoSessions on Deno.serve": adapterSocketCases(onDeno),
          "crosswsSessions on Deno": adapterSocketCases(crosswsOnDeno),
        }
      : {}),
  };
}

const QUIETLY = { port: 0, hostname: "127.0.0.1", signals: false, shutdownTimeout: 0 };

const sqliteFile: BackendSuiteOptions["create"] = ({ now }) => {
  const folder = mkdtempSync(join(tmpdir(), "micropie-"));
  const another = () => withClock(new SqliteSessionBackend(join(folder, "sessions.sqlite")), now);
  return { backend: another(), another, close: () => rmSync(folder, { recursive: true }) };
};

const bunSqlite: BackendSuiteOptions["create"] = async ({ now }) => {
  const { Database } = await import("bun:sqlite");
  const database = new Database(":memory:");
  return { backend: withClock(new SqliteSessionBackend(database), now), close: () => database.close() };
};
