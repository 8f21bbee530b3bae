import { fetchSessions } from "micropie/adapters/fetch";
import { type AdapterSuiteOptions, adapterSuite } from "micropie/testing";
import { serve } from "srvx";
import { describe, test } from "vitest";
import { optionCases } from "./_option-cases.ts";
import { type StartMounted, useOptions } from "./_option-site.ts";
import { responseOf } from "./_response-of.ts";

const ways: Record<string, (visits: number) => Response> = {
  "/way/json": (visits) => Response.json({ visits }),
  "/way/redirect": (visits) => Response.redirect(`http://localhost/${visits}`, 307),
  "/way/bytes": (visits) => new Response(new Uint8Array(visits)),
  "/way/blob": (visits) => new Response(new Blob([`${visits}`])),
  "/way/stream": (visits) => new Response(new Blob([`${visits}`]).stream(), { headers: { "x-a": "1" } }),
  "/way/no-body": () => new Response(null, { status: 205 }),
};

const start: AdapterSuiteOptions["start"] = async (sessions, demo) => {
  const withSession = fetchSessions(
    sessions,
    async (request, session) => {
      const path = new URL(request.url).pathname;
      const way = ways[path];
      if (way !== undefined) {
        session.visits = (session.visits ?? 0) + 1;
        return way(session.visits);
      }
      const answer = await demo({
        path,
        session,
      });
      return responseOf(answer);
    },
    { onError: () => {} },
  );
  const server = serve({
    port: 0,
    hostname: "127.0.0.1",
    silent: true,
    async fetch(request) {
      // Whoever takes a session looks at it, so a route that needs none is left outside.
      if (new URL(request.url).pathname === "/none")
        return responseOf(await demo({ path: "/none", session: {} as never }));
      return withSession(request).catch(() => new Response("error", { status: 500 }));
    },
  });
  await server.ready();
  return { url: server.url!, close: () => server.close(true) };
};

describe("fetchSessions", () => {
  for (const { name, run } of adapterSuite({
    start,
    ways: Object.keys(ways),
    passesErrorsOn: true,
    assigns: false,
  }))
    test(name, run);
});

const mounted: StartMounted = async (mounts, demo) => {
  const { sessions, options } = mounts[0]!;
  const withSession = fetchSessions(
    sessions,
    async (request, session) =>
      responseOf(await demo({ path: new URL(request.url).pathname, session: () => session })),
    { ...useOptions<Request>(options, ({ url }) => new URL(url).pathname), onError: () => {} },
  );
  const fetch = (request: Request) =>
    Promise.resolve(withSession(request)).catch(() => new Response("error", { status: 500 }));
  const server = serve({ port: 0, hostname: "127.0.0.1", silent: true, fetch });
  await server.ready();
  return { url: server.url!, close: () => server.close(true) };
};

describe("options of fetchSessions", () => {
  for (const { name, run } of optionCases(mounted, { named: false })) test(name, run);
});
