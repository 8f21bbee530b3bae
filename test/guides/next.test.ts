import { ConfigError, createSessions } from "micropie";
import { nextSessions } from "micropie/adapters/next";
import { type AdapterSuiteOptions, adapterSuite } from "micropie/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { optionCases } from "../adapters/_option-cases.ts";
import { type StartMounted, useOptions } from "../adapters/_option-site.ts";
import { responseOf } from "../adapters/_response-of.ts";
import { nextBuildCases } from "./_builds.ts";
import { guideCases } from "./_guide-cases.ts";
import { actionCases } from "./_next-actions.ts";
import { componentCases, proxyCases, routeCases } from "./_next-requests.ts";
import { next, nextHeaders, serveNext } from "./_next-site.ts";
import { registerCases } from "./_types.ts";

describe("the example", async () => {
  await guideCases("next");
});

const ways: Record<string, (visits: number) => Response> = {
  "/way/json": (visits) => Response.json({ visits }),
  "/way/redirect": () => next.redirect("/read"),
  "/way/permanent-redirect": () => next.permanentRedirect("/read"),
  "/way/bytes": (visits) => new Response(new Uint8Array(visits)),
  "/way/stream": (visits) => new Response(new Blob([`${visits}`]).stream(), { headers: { "x-a": "1" } }),
};

describe("while Next builds", nextBuildCases);

describe("in Next", () => {
  // Builds, if nothing has yet.
  beforeAll(async () => {
    const site = await serveNext({});
    await site.close();
  });

  describe("the route handlers", () => {
    const start: AdapterSuiteOptions["start"] = (sessions, demo) => {
      const { route } = nextSessions(sessions, { ...nextHeaders, onError: () => {} });
      const answer = route(
        async (request, session) => {
          const path = new URL(request.url).pathname;
          const way = ways[path];
          if (way !== undefined) {
            session.visits = (session.visits ?? 0) + 1;
            return way(session.visits);
          }
          return responseOf(
            await demo({
              path,
              session,
            }),
          );
        },
        { skip: ["/none"] },
      );
      return serveNext({ answer });
    };
    const suite = adapterSuite({
      start,
      ways: Object.keys(ways),
      passesErrorsOn: true,
      assigns: false,
      knowsAddress: false,
    });
    for (const { name, run } of suite) test(name, run);

    routeCases();

    describe("options", () => {
      const mounted: StartMounted = (mounts, demo) => {
        const { sessions, options } = mounts[0]!;
        const { route } = nextSessions(sessions, { ...nextHeaders, onError: () => {} });
        const answer = route(
          async (request, session) =>
            responseOf(await demo({ path: new URL(request.url).pathname, session: () => session })),
          useOptions<Request>(options, ({ url }) => new URL(url).pathname),
        );
        return serveNext({ answer });
      };
      for (const { name, run } of optionCases(mounted, { named: false })) test(name, run);
    });
  });

  describe("server actions", actionCases);
  describe("server components", componentCases);
  describe("the proxy", proxyCases);
});

test("next/headers must be given", () => {
  const sessions = createSessions();
  expect(() => nextSessions(sessions, { cookies: next.cookies } as never)).toThrow(ConfigError);
  expect(() => nextSessions(sessions, undefined as never)).toThrow(
    /^cookies: Pass `cookies` from next\/headers/,
  );
});

describe("the types", () => registerCases("next"));
