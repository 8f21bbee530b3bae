import { Readable } from "node:stream";
import { type AnyElysia, Elysia, redirect, sse, status } from "elysia";
import type { Session, Sessions } from "micropie";
import { elysiaSessions } from "micropie/adapters/elysia";
import type { Demo, DemoAnswer, DemoData, RunningSite } from "micropie/testing";
import { serve } from "srvx";
import { type Mount, type OptionDemo, useOptions } from "./_option-site.ts";
import { bytesOf } from "./_response-of.ts";

interface Set {
  status?: number | string;
  headers: Record<string, unknown>;
}

/** Ways of answering that Elysia has; each has counted in `session.visits`. */
const ways: Record<string, (visits: number, set: Set) => unknown> = {
  "/way/text": (visits) => `${visits}`,
  "/way/number": (visits) => visits,
  "/way/json": (visits) => ({ visits }),
  "/way/array": (visits) => [visits],
  "/way/nothing": () => undefined,
  "/way/status": (visits) => status(202, `${visits}`),
  "/way/redirect": (visits) => redirect(`http://localhost/${visits}`, 307),
  "/way/blob": (visits) => new Blob([`${visits}`]),
  "/way/response": (visits) => new Response(`${visits}`, { headers: { "x-a": "1" } }),
  "/way/response-json": (visits) => Response.json({ visits }),
  "/way/static-redirect": (visits) => Response.redirect(`http://localhost/${visits}`, 303),
  "/way/stream": (visits) => bytesOf(Readable.from([`${visits}`])),
  *"/way/generator"(visits) {
    yield `${visits}`;
    yield "!";
  },
  async *"/way/slow-generator"(visits) {
    yield `${visits}`;
    await new Promise(setImmediate);
    yield "!";
  },
  async *"/way/sse"(visits) {
    yield sse({ event: "count", data: `${visits}` });
  },
  async "/way/later"(visits, set) {
    await new Promise(setImmediate);
    set.status = 202;
    set.headers["x-a"] = "1";
    return `${visits}`;
  },
};

export const WAYS: readonly string[] = Object.keys(ways);

/** The demonstration application in Elysia's own manner. */
export function demoApp(sessions: Sessions<DemoData>, demo: Demo): AnyElysia {
  const app = new Elysia().use(elysiaSessions(sessions, { onError: () => {} }));
  for (const [path, way] of Object.entries(ways)) {
    // What Elysia makes of a HEAD by itself fails for redirects and for streams of text.
    for (const method of ["GET", "HEAD"]) {
      app.route(method, path, ({ session, set }) => {
        session.visits = (session.visits ?? 0) + 1;
        return way(session.visits, set as Set);
      });
    }
  }
  return app.all("/*", async (context) => {
    const answer = await demo({
      path: context.path,
      get session() {
        return context.session;
      },
      set session(data: Session<DemoData>) {
        context.session = data;
      },
    });
    return answerBy(context.set as Set, answer);
  });
}

/** The adapter mounted several times. */
export function mountedApp(mounts: readonly Mount[], demo: OptionDemo): AnyElysia {
  let app: AnyElysia = new Elysia();
  for (const { sessions, options } of mounts) {
    const pathOf = (request: Request) => new URL(request.url).pathname;
    app = app.use(elysiaSessions(sessions, useOptions(options, pathOf)));
  }
  return app.all("/*", async (context) => {
    const session = (as: string) => (context as unknown as Record<string, Session<DemoData>>)[as]!;
    return answerBy(context.set as Set, await demo({ path: context.path, session }));
  });
}

function answerBy(set: Set, { status, headers, body }: DemoAnswer): unknown {
  set.status = status;
  Object.assign(set.headers, headers);
  if (body === undefined) return new Response(null, { status });
  return typeof body === "string" ? body : body[Symbol.asyncIterator]();
}

export async function serveElysia(app: AnyElysia): Promise<RunningSite> {
  const fetch = (request: Request) => app.fetch(request);
  const server = serve({ port: 0, hostname: "127.0.0.1", silent: true, fetch });
  await server.ready();
  return { url: server.url!, close: () => server.close(true) };
}
