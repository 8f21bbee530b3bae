import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import {
  createEventStream,
  type EventHandler,
  H3,
  type H3Event,
  HTTPResponse,
  html,
  iterable,
  noContent,
  redirect,
  serve,
} from "h3";
import { toNodeHandler } from "h3/node";
import type { Session, Sessions } from "micropie";
import { h3Sessions, sessionOf } from "micropie/adapters/h3";
import type { Demo, DemoAnswer, DemoData, RunningSite } from "micropie/testing";
import { type Mount, type OptionDemo, useOptions } from "./_option-site.ts";
import { bytesOf, pairsOf } from "./_response-of.ts";

/** Ways of answering that h3 has; each has counted in `session.visits`. */
const ways: Record<string, (event: H3Event, visits: number) => unknown> = {
  "/way/text": (_, visits) => `${visits}`,
  "/way/json": (_, visits) => ({ visits }),
  "/way/nothing": () => null,
  "/way/html": (_, visits) => html`<p>${visits}</p>`,
  "/way/bytes": (_, visits) => new Uint8Array(visits),
  "/way/blob": (_, visits) => new Blob([`${visits}`]),
  "/way/redirect": (_, visits) => redirect(`/${visits}`, 307),
  "/way/no-content": () => noContent(),
  "/way/response": (_, visits) => new Response(`${visits}`, { headers: { "x-a": "1" } }),
  "/way/response-json": (_, visits) => Response.json({ visits }),
  "/way/static-redirect": (_, visits) => Response.redirect(`http://localhost/${visits}`, 303),
  "/way/http-response": (_, visits) => new HTTPResponse(`${visits}`, { status: 201 }),
  "/way/web-stream": (_, visits) => bytesOf(Readable.from([`${visits}`])),
  "/way/node-stream": (_, visits) => Readable.from([`${visits}`, "!"]),
  "/way/iterable": (_, visits) => iterable([`${visits}`, "!"]),
  async *"/way/generator"(_, visits) {
    yield `${visits}`;
    yield "!";
  },
  "/way/sse": (event, visits) => {
    const stream = createEventStream(event);
    void stream.push(`${visits}`).then(() => stream.close());
    return stream;
  },
  async "/way/later"(event, visits) {
    await new Promise(setImmediate);
    event.res.status = 202;
    event.res.headers.set("x-a", "1");
    return `${visits}`;
  },
};

export const WAYS: readonly string[] = Object.keys(ways);

/** The demonstration application in h3's own manner. */
export function demoApp(sessions: Sessions<DemoData>, demo: Demo): H3 {
  const app = new H3({ silent: true }).use(h3Sessions(sessions, { onError: () => {} }));
  for (const [path, way] of Object.entries(ways)) {
    const handler: EventHandler = (event) => {
      const session = sessionOf(event, sessions);
      session.visits = (session.visits ?? 0) + 1;
      return way(event, session.visits);
    };
    // A route of any method comes before the fallback of HEAD to GET.
    app.all(path, handler);
  }
  return app.all("/**", async (event) => {
    const answer = await demo({
      path: event.url.pathname,
      get session() {
        return sessionOf(event, sessions);
      },
      set session(data: Session<DemoData>) {
        event.context.session = data;
      },
    });
    return answerBy(event, answer);
  });
}

/** The adapter mounted several times. */
export function mountedApp(mounts: readonly Mount[], demo: OptionDemo): H3 {
  const app = new H3({ silent: true });
  for (const { sessions, options } of mounts) {
    app.use(
      h3Sessions(
        sessions,
        useOptions(options, (event: H3Event) => event.url.pathname),
      ),
    );
  }
  return app.all("/**", async (event) => {
    const session = (as: string) => event.context[as] as Session<DemoData>;
    return answerBy(event, await demo({ path: event.url.pathname, session }));
  });
}

function answerBy(event: H3Event, { status, headers, body }: DemoAnswer): unknown {
  event.res.status = status;
  for (const [name, value] of pairsOf(headers)) event.res.headers.append(name, value);
  return typeof body === "object" ? bytesOf(body) : body;
}

/** h3's two ways to listen on Node. */
export const servers = {
  async serve(app: H3): Promise<RunningSite> {
    const server = serve(app, { port: 0, hostname: "127.0.0.1", silent: true });
    await server.ready();
    return { url: server.url!, close: () => server.close(true) };
  },
  toNodeHandler: (app: H3): Promise<RunningSite> =>
    new Promise((resolve) => {
      const handler = toNodeHandler(app);
      const server = createServer((req, res) => void handler(req, res)).listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo;
        const close = () => {
          server.close();
          server.closeAllConnections();
        };
        resolve({ url: `http://127.0.0.1:${port}`, close });
      });
    }),
};
