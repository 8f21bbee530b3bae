import { httpServerHandler } from "cloudflare:node";
import { createServer } from "node:http";
import type { AnyElysia } from "elysia";
import { CloudflareAdapter } from "elysia/adapter/cloudflare-worker";
import { createSessions, type Sessions } from "micropie";
import type { Demo, DemoData } from "micropie/testing";
import type { DemoApp } from "./demo-apps.ts";
import { elysiaDemoWith } from "./framework-apps.ts";
import { groupsOf2025, workerGroups } from "./worker-groups.ts";
import { workerFor } from "./worker-runner.ts";

/** Of the case that runs. */
let now: { readonly sessions: Sessions<DemoData>; readonly demo: Demo } = {
  sessions: createSessions<DemoData>(),
  demo: () => ({}) as never,
};

const { make, ways } = elysiaDemoWith({ adapter: CloudflareAdapter });
const sessions = new Proxy({} as Sessions<DemoData>, {
  get(_, name) {
    const value: unknown = Reflect.get(now.sessions, name);
    return typeof value === "function" ? value.bind(now.sessions) : value;
  },
});
/** Elysia makes code, for which there is no other time than now. */
const compiled = make(sessions, (request) => now.demo(request)).compile();

const elysia: DemoApp<AnyElysia> = {
  ways,
  make(sessions, demo) {
    now = { sessions, demo };
    return compiled;
  },
};

let port = 1024;

export default workerFor((put) => ({
  ...workerGroups(put),
  ...groupsOf2025(
    put,
    (listener) => {
      // Nothing listens: by its port the handler finds the server.
      createServer(listener).listen(++port);
      const handler = httpServerHandler({ port });
      return put((request, env, context) => handler.fetch(request, env, context));
    },
    elysia,
  ),
}));
