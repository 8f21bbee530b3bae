import { createSessions, info, login, type Session, type Sessions } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { fastifySessions } from "micropie/adapters/fastify";
import { type AdapterSuiteOptions, adapterSuite, type DemoData } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { Guest } from "./_guest.ts";
import { guideCases } from "./_guide-cases.ts";
import { type NestApplication, type NestTools, serveNest } from "./_nest-site.ts";
import { registerCases } from "./_types.ts";

const ways: Record<string, (visits: number, tools: NestTools) => unknown> = {
  "/way/json": (visits) => ({ visits }),
  "/way/text": (visits) => String(visits),
  "/way/streamable": (visits, { stream }) =>
    stream(
      (async function* () {
        yield String(visits);
      })(),
    ),
};

const platforms = {
  express: (app: NestApplication, sessions: Sessions<DemoData>) =>
    app.use(expressSessions(sessions, { onError: () => {} })),
  fastify: (app: NestApplication, sessions: Sessions<DemoData>) =>
    app.register(fastifySessions(sessions, { failedByStatus: true })),
};

describe.each(Object.keys(platforms) as (keyof typeof platforms)[])("on %s", (platform) => {
  describe("the example", async () => {
    await guideCases("nest", { PLATFORM: platform });
  });

  describe("handlers and filters", () => {
    const start: AdapterSuiteOptions["start"] = (sessions, demo) =>
      serveNest(
        platform,
        (app) => platforms[platform](app, sessions),
        async (request, tools) => {
          const path = request.url.split("?")[0]!;
          const way = ways[path];
          if (way !== undefined) {
            const session = request.session as Session<DemoData>;
            session.visits = (session.visits ?? 0) + 1;
            return way(session.visits, tools);
          }
          return tools.answer(
            await demo({
              path,
              get session() {
                return request.session as Session<DemoData>;
              },
              set session(data) {
                request.session = data;
              },
            }),
          );
        },
      );
    for (const { name, run } of adapterSuite({ start, ways: Object.keys(ways) })) test(name, run);
  });

  test("a guard sees the session, and turns away whom it does not know", async () => {
    const sessions = createSessions<DemoData>();
    const site = await serveNest(
      platform,
      (app) => {
        app.useGlobalGuards({
          canActivate(context) {
            const { url, session } = context.switchToHttp().getRequest();
            return url === "/in" || info(session as never).userId !== undefined;
          },
        });
        return platforms[platform](app, sessions);
      },
      ({ url, session }) => {
        if (url === "/in") login(session as never, "ann");
        return "welcome";
      },
    );
    try {
      const ann = new Guest(site.url);
      expect((await ann.get("/")).status).toBe(403);
      expect((await ann.get("/in")).status).toBe(200);
      expect(await (await ann.get("/")).text()).toBe("welcome");
    } finally {
      await site.close();
    }
  });
});

describe("the types", () => registerCases("nest"));
