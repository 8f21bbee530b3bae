import { reactRouterSessions } from "micropie/adapters/react-router";
import { type AdapterSuiteOptions, adapterSuite } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { optionCases } from "../adapters/_option-cases.ts";
import { type StartMounted, useOptions } from "../adapters/_option-site.ts";
import { responseOf } from "../adapters/_response-of.ts";
import { guideCases } from "./_guide-cases.ts";
import { pageCases } from "./_react-router-pages.ts";
import { type RouteArgs, reactRouter, serveRoutes } from "./_react-router-site.ts";
import { storageCases } from "./_react-router-storage.ts";
import { registerCases, typeErrors } from "./_types.ts";

describe("the example", async () => {
  await guideCases("react-router");
});

const ways: Record<string, (visits: number) => unknown> = {
  "/way/json": (visits) => ({ visits }),
  "/way/text": (visits) => String(visits),
  "/way/redirect": async (visits) => (await reactRouter()).redirect(`/read?${visits}`),
  "/way/thrown-redirect": async (visits) => {
    throw (await reactRouter()).redirect(`/read?${visits}`);
  },
};

describe("the middleware", () => {
  const start: AdapterSuiteOptions["start"] = (sessions, demo) => {
    const { middleware, context } = reactRouterSessions(sessions, { skip: ["/none"], onError: () => {} });
    const answer = async ({ url, context: values }: RouteArgs): Promise<unknown> => {
      const session = values.get(context);
      const way = ways[url.pathname];
      if (way !== undefined) {
        session.visits = (session.visits ?? 0) + 1;
        return way(session.visits);
      }
      return responseOf(
        await demo({
          path: url.pathname,
          session,
        }),
      );
    };
    return serveRoutes([middleware], { "*": { loader: answer, action: answer } });
  };
  const suite = adapterSuite({ start, ways: Object.keys(ways), passesErrorsOn: true, assigns: false });
  for (const { name, run } of suite) test(name, run);

  describe("options", () => {
    const mounted: StartMounted = (mounts, demo) => {
      const { sessions, options } = mounts[0]!;
      const { middleware, context } = reactRouterSessions(
        sessions,
        useOptions<{ url: URL }>(options, ({ url }) => url.pathname),
      );
      const answer = async ({ url, context: values }: RouteArgs): Promise<Response> =>
        responseOf(await demo({ path: url.pathname, session: () => values.get(context) }));
      return serveRoutes([middleware], { "*": { loader: answer, action: answer } });
    };
    for (const { name, run } of optionCases(mounted, { named: false, waits: false, statuses: false }))
      test(name, run);
  });
});

describe("pages", pageCases);
describe("the storage", storageCases);

test("the example fits React Router's types", () => {
  expect(typeErrors("react-router")).toBe("");
});

describe("the types", () => registerCases("react-router"));

test("the storage is a SessionStorage of React Router", () => {
  const code = `
    import { createSessions, type Session } from "micropie";
    import { reactRouterSessions } from "micropie/adapters/react-router";
    import type { MiddlewareFunction, RouterContext, SessionStorage } from "react-router";

    interface Data { visits: number; user?: string }
    interface Messages { notice: string }
    const ours = reactRouterSessions<Data, Messages>(createSessions<Data>());
    export const storage: SessionStorage<Data, Messages> = ours;
    export const middleware: MiddlewareFunction<Response>[] = [ours.middleware];
    export const context: RouterContext<Session<Data>> = ours.context;
    export const plain: SessionStorage<Data> = reactRouterSessions(createSessions<Data>());

    const session = await ours.getSession(null);
    export const visits: number | undefined = session.get("visits");
    export const notice: string | undefined = session.get("notice");
    session.flash("notice", "hello");
    // @ts-expect-error There is no such message.
    session.flash("visits", 1);
    // @ts-expect-error Nor such data.
    session.set("other", 1);
  `;
  expect(typeErrors("react-router", code)).toBe("");
  expect(typeErrors("react-router", code.replace("@ts-expect-error Nor", "Nor"))).toContain("other");
});
