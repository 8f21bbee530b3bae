import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough, Readable } from "node:stream";
import Koa, { type ParameterizedContext } from "koa";
import type { Session } from "micropie";
import { type KoaContext, koaSessions } from "micropie/adapters/koa";
import { type AdapterSuiteOptions, adapterSuite, type DemoAnswer, type DemoData } from "micropie/testing";
import { describe, test } from "vitest";
import { optionCases } from "./_option-cases.ts";
import { type StartMounted, useOptions } from "./_option-site.ts";

type Context = ParameterizedContext<Koa.DefaultState, { session: Session<DemoData> }>;

const parts = (): Readable => Readable.from(["a", "b", "c"]);

/** Each of Koa's ways to answer, but for those that the demonstration application has. */
const ways: Record<string, (ctx: Context, visits: number) => unknown> = {
  "/way/text": (ctx, visits) => (ctx.body = `${visits}`),
  "/way/object": (ctx, visits) => (ctx.body = { visits }),
  "/way/buffer": (ctx, visits) => (ctx.body = Buffer.from(`${visits}`)),
  "/way/stream": (ctx) => (ctx.body = parts()),
  "/way/pass-through": (ctx) => (ctx.body = parts().pipe(new PassThrough())),
  "/way/web-stream": (ctx) => (ctx.body = new Blob(["abc"]).stream()),
  "/way/blob": (ctx) => (ctx.body = new Blob(["abc"])),
  "/way/response": (ctx) => (ctx.body = new Response("abc", { headers: { "x-a": "1" } })),
  "/way/redirect": (ctx, visits) => ctx.redirect(`/read?${visits}`),
  "/way/null": (ctx) => (ctx.body = null),
  "/way/status": (ctx) => (ctx.status = 202),
  "/way/fresh": (ctx) => {
    ctx.etag = "1";
    ctx.body = "abc";
    ctx.status = 304;
  },
  "/way/raw": (ctx, visits) => {
    ctx.respond = false;
    ctx.res.writeHead(200, { "content-type": "text/plain" }).end(`${visits}`);
  },
  "/way/raw-pipe": (ctx) => {
    ctx.respond = false;
    ctx.res.statusCode = 200;
    parts().pipe(ctx.res);
  },
  "/way/raw-later": (ctx) => {
    ctx.respond = false;
    setImmediate(() => ctx.res.writeHead(200).end("later"));
  },
  "/way/flush-headers": (ctx) => {
    ctx.status = 200;
    ctx.flushHeaders();
    ctx.body = "flushed";
  },
};

async function serve(app: Koa): Promise<{ url: string; close(): void }> {
  const server = createServer(app.callback()).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answerWith(ctx: ParameterizedContext, { status, headers, body }: DemoAnswer): void {
  ctx.status = status;
  ctx.set(headers as Record<string, string>);
  ctx.body = typeof body === "object" ? Readable.from(body) : (body ?? null);
  ctx.status = status;
}

const start: AdapterSuiteOptions["start"] = (sessions, demo) => {
  const app = new Koa();
  app.use(koaSessions(sessions)).use(async (ctx) => {
    const way = ways[ctx.path];
    if (way !== undefined) {
      ctx.session.visits = (ctx.session.visits ?? 0) + 1;
      way(ctx as Context, ctx.session.visits);
      return;
    }
    const answer = await demo({
      path: ctx.path,
      get session() {
        return ctx.session;
      },
      set session(data) {
        Object.assign(ctx, { session: data });
      },
    });
    answerWith(ctx, answer);
  });
  return serve(app);
};

describe("koaSessions", () => {
  for (const { name, run } of adapterSuite({ start, ways: Object.keys(ways) })) test(name, run);
});

const startMounted: StartMounted = (mounts, demo) => {
  const app = new Koa();
  for (const { sessions, options } of mounts)
    app.use(
      koaSessions(
        sessions,
        useOptions<KoaContext>(options, ({ path }) => path),
      ),
    );
  app.use(async (ctx) => {
    const answer = await demo({
      path: ctx.path,
      session: (as) => (ctx as unknown as Record<string, Session<DemoData>>)[as]!,
    });
    answerWith(ctx, answer);
  });
  return serve(app);
};

describe("options of koaSessions", () => {
  for (const { name, run } of optionCases(startMounted)) test(name, run);
});
