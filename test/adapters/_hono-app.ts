import { serve as serveByNode } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { stream, streamSSE, streamText } from "hono/streaming";
import type { Session, Sessions } from "micropie";
import { honoSessions, type SessionVariables } from "micropie/adapters/hono";
import type { Demo, DemoAnswer, DemoData, RunningSite } from "micropie/testing";
import { serve as serveBySrvx } from "srvx";
import { type Mount, type OptionDemo, useOptions } from "./_option-site.ts";
import { pairsOf } from "./_response-of.ts";

type Env = { Variables: SessionVariables<DemoData> };

/** Ways of answering that Hono has; each has counted in `session.visits`. */
const ways: Record<string, (c: Context<Env>, visits: number) => Response | Promise<Response>> = {
  "/way/json": (c, visits) => c.json({ visits }),
  "/way/html": (c, visits) => c.html(`<p>${visits}</p>`),
  "/way/body": (c, visits) => c.body(`${visits}`, 201, { "x-a": "1" }),
  "/way/bytes": (c, visits) => c.body(new Uint8Array(visits)),
  "/way/redirect": (c, visits) => c.redirect(`/${visits}`, 307),
  "/way/response": (_, visits) => new Response(`${visits}`),
  "/way/static-redirect": (_, visits) => Response.redirect(`http://localhost/${visits}`, 303),
  "/way/blob": (_, visits) => new Response(new Blob([`${visits}`])),
  "/way/form": (_, visits) => new Response(new URLSearchParams({ visits: `${visits}` })),
  "/way/stream": (c, visits) => stream(c, async (out) => void (await out.write(`${visits}`))),
  "/way/text-stream": (c, visits) => streamText(c, async (out) => void (await out.writeln(`${visits}`))),
  "/way/sse": (c, visits) => streamSSE(c, (out) => out.writeSSE({ data: `${visits}` })),
  "/way/no-body": (c) => c.body(null, 205),
  async "/way/later"(c, visits) {
    await new Promise(setImmediate);
    c.status(202);
    c.header("x-a", "1");
    return c.text(`${visits}`);
  },
};

export const WAYS: readonly string[] = Object.keys(ways);

/** The demonstration application in Hono's own manner. */
export function demoApp(sessions: Sessions<DemoData>, demo: Demo): Hono<Env> {
  const app = new Hono<Env>();
  app.use(honoSessions(sessions, { onError: () => {} }));
  for (const [path, way] of Object.entries(ways)) {
    app.get(path, (c) => {
      const session = c.get("session");
      session.visits = (session.visits ?? 0) + 1;
      return way(c, session.visits);
    });
  }
  app.all("*", async (c) => {
    const answer = await demo({
      path: c.req.path,
      get session() {
        return c.get("session");
      },
      set session(data: Session<DemoData>) {
        c.set("session", data);
      },
    });
    return answerBy(c, answer);
  });
  return app;
}

/** The adapter mounted several times. */
export function mountedApp(mounts: readonly Mount[], demo: OptionDemo): Hono {
  const app = new Hono();
  for (const { sessions, options } of mounts) {
    app.use(
      honoSessions(
        sessions,
        useOptions(options, (c: Context) => c.req.path),
      ),
    );
  }
  app.all("*", async (c) => {
    const untyped = c as unknown as { get(as: string): Session<DemoData> };
    return answerBy(c, await demo({ path: c.req.path, session: (as) => untyped.get(as) }));
  });
  return app;
}

function answerBy(c: Context, { status, headers, body }: DemoAnswer): Response {
  for (const [name, value] of pairsOf(headers)) c.header(name, value, { append: true });
  c.status(status as Parameters<Context["status"]>[0]);
  if (typeof body !== "object") return body === undefined ? c.body(null) : c.body(body);
  return stream(c, async (out) => {
    for await (const part of body) await out.write(part);
  });
}

/** Servers for a Hono application. The first puts its own Request and Response in the place of Node's. */
export const servers = {
  "@hono/node-server": (app: Hono<never>): Promise<RunningSite> =>
    new Promise((resolve) => {
      const server = serveByNode({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
        const close = () => {
          server.close();
          if ("closeAllConnections" in server) server.closeAllConnections();
        };
        resolve({ url: `http://127.0.0.1:${port}`, close });
      });
    }),
  async srvx(app: Hono<never>): Promise<RunningSite> {
    const server = serveBySrvx({
      port: 0,
      hostname: "127.0.0.1",
      silent: true,
      fetch: (request) => app.fetch(request),
    });
    await server.ready();
    return { url: server.url!, close: () => server.close(true) };
  },
};
