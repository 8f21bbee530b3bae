import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { configure } from "@codegenie/serverless-express";
import express from "express";
import Fastify from "fastify";
import Koa from "koa";
import type { Sessions } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { fastifySessions } from "micropie/adapters/fastify";
import { koaSessions } from "micropie/adapters/koa";
import { nodeSessions } from "micropie/adapters/node";
import dropIn from "micropie/compat/drop-in";
import serverlessHttp from "serverless-http";
import { describe, expect, test } from "vitest";
import { GatedStore } from "../compat/_site.ts";
import { errorPage, newApp } from "./_express-server.ts";
import { newSessions } from "./_fastify-app.ts";

/** An event of Amazon's API Gateway, and what it gets. */
interface Event {
  readonly httpMethod: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly multiValueHeaders: Record<string, string[]>;
  readonly requestContext: object;
  readonly body: null;
}
interface Result {
  readonly statusCode: number;
  readonly headers?: Record<string, string | undefined>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly body: string;
}
type Listener = (req: IncomingMessage, res: ServerResponse) => unknown;
/** Runs an application in a function, where no server and no socket is. */
type Host = (app: Listener) => (event: Event) => Promise<Result>;

/** Both look at the response as soon as the application has returned: is it ended already, or does it come later? */
const HOSTS: Readonly<Record<string, Host>> = {
  "serverless-http": (app) => {
    const run = serverlessHttp(app);
    return (event) => run(event, {}) as Promise<Result>;
  },
  "@codegenie/serverless-express": (app) => {
    const run = configure({ app: app as never }) as unknown as (event: Event, context: object) => unknown;
    return (event) => run(event, {}) as Promise<Result>;
  },
};

interface Site {
  readonly listener: Listener;
  /** Makes the store fail. */
  fail(): void;
}
type Counted = { visits?: number | undefined };

function count(session: Counted): string {
  session.visits = (session.visits ?? 0) + 1;
  return `visit ${session.visits}`;
}

/** Answers on the response itself. Koa and Fastify have ways of their own beside it. */
function respond(path: string, res: ServerResponse, text: string): void {
  if (path === "/stream") Readable.from([text, ", ", "streamed"]).pipe(res);
  else if (path === "/parts") {
    res.writeHead(200, { "Content-Type": "text/plain" });
    res.write(text);
    res.end(", in parts");
  } else if (path === "/twice") {
    res.end(text);
    res.end();
  } else res.end(text);
}

const BODIES: Readonly<Record<string, string>> = {
  "/": "",
  "/stream": ", streamed",
  "/parts": ", in parts",
  "/twice": "",
};

function onStore(make: (sessions: Sessions<Counted>) => Listener | Promise<Listener>): () => Promise<Site> {
  return async () => {
    const { store, sessions } = newSessions({}, true);
    const listener = await make(sessions as unknown as Sessions<Counted>);
    return { listener, fail: () => store.fail(["create", "patch"]) };
  };
}

const APPS: Readonly<Record<string, () => Promise<Site>>> = {
  Express: onStore((sessions) => {
    const app = newApp("5").use(expressSessions(sessions));
    app.use((req, res) => respond(req.path, res, count((req as unknown as { session: Counted }).session)));
    return app.use(errorPage);
  }),
  node: onStore((sessions) =>
    nodeSessions(sessions, (req, res) => respond(req.url!, res, count(req.session)), { onError: () => {} }),
  ),
  "the drop-in": async () => {
    const store = new GatedStore();
    const app = express();
    app.use(dropIn({ secret: "s", resave: false, saveUninitialized: false, store }));
    app.use((req, res) => respond(req.path, res, count(req.session as Counted)));
    app.use(errorPage);
    return {
      listener: app,
      fail: () => store.fail("set", Object.assign(new Error("down"), { status: 503 })),
    };
  },
  Fastify: onStore(async (sessions) => {
    const app = Fastify();
    app.register(fastifySessions(sessions));
    app.get("/*", async (request, reply) => {
      const text = count(request.getDecorator<Counted>("session"));
      if (request.url === "/stream") return reply.send(Readable.from([text, ", ", "streamed"]));
      respond(request.url, reply.raw, text);
    });
    app.get("/", (request, reply) => reply.send(count(request.getDecorator<Counted>("session"))));
    app.get("/twice", async (request, reply) => {
      reply.send(count(request.getDecorator<Counted>("session")));
      reply.send("once more");
    });
    await app.ready();
    return (req, res) => app.routing(req, res);
  }),
  Koa: onStore((sessions) => {
    const app = new Koa();
    app.silent = true;
    app.use(koaSessions(sessions)).use((ctx) => {
      const text = count(ctx.session);
      ctx.status = 200;
      if (ctx.path === "/") ctx.body = text;
      else if (ctx.path === "/stream")
        ctx.body = Readable.from([text, ", ", "streamed"], { objectMode: false });
      else respond(ctx.path, ctx.res, text);
    });
    return app.callback();
  }),
};

function eventOf(path: string, cookie: string | undefined): Event {
  const headers = { host: "localhost", "x-forwarded-proto": "https", ...(cookie && { cookie }) };
  const multiValueHeaders = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value as string]]),
  );
  return { httpMethod: "GET", path, headers, multiValueHeaders, requestContext: {}, body: null };
}

function cookieOf({ headers = {}, multiValueHeaders = {} }: Result): string | undefined {
  const line = headers["set-cookie"] ?? multiValueHeaders["set-cookie"]?.[0];
  return line?.split(";", 1)[0];
}

for (const [hostName, host] of Object.entries(HOSTS)) {
  for (const [name, start] of Object.entries(APPS)) {
    describe(`O5: on ${hostName}, which has no socket, ${name}`, () => {
      test.each(Object.entries(BODIES))(
        "answers %s whole, with the cookie of a new session",
        async (path, rest) => {
          const { listener } = await start();
          const run = host(listener);
          const first = await run(eventOf(path, undefined));
          expect([first.statusCode, first.body]).toEqual([200, `visit 1${rest}`]);
          const cookie = cookieOf(first);
          expect(cookie).toMatch(/^(session_id|connect\.sid)=./);
          const second = await run(eventOf(path, cookie));
          expect([second.statusCode, second.body]).toEqual([200, `visit 2${rest}`]);
          expect(cookieOf(second)).toBeUndefined();
        },
      );

      test("answers a failed save with 503, and without a cookie", async () => {
        const { listener, fail } = await start();
        fail();
        const answer = await host(listener)(eventOf("/", undefined));
        expect([answer.statusCode, cookieOf(answer)]).toEqual([503, undefined]);
        expect(answer.body).not.toMatch(/visit/);
      });
    });
  }
}
