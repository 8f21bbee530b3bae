import type { RequestListener } from "node:http";
import { App, html, reply, type Sessions } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { nodeSessions } from "micropie/adapters/node";
import type { Demo, DemoData } from "micropie/testing";
import { count, responseOf } from "./answers.ts";
import type { Handler } from "./listeners.ts";

/** The demonstration application of the adapter suite through one adapter, and its further ways of answering. */
export interface DemoApp<T> {
  make(sessions: Sessions<DemoData>, demo: Demo): T;
  readonly ways: readonly string[];
  /** Like the adapter suite's options. */
  readonly passesErrorsOn?: boolean;
  readonly assigns?: boolean;
}

const responses: Record<string, (visits: number) => Response> = {
  "/way/json": (visits) => Response.json({ visits }),
  "/way/redirect": (visits) => Response.redirect(`http://localhost/${visits}`, 307),
  "/way/bytes": (visits) => new Response(new Uint8Array(visits)),
  "/way/blob": (visits) => new Response(new Blob([`${visits}`])),
  "/way/stream": (visits) => new Response(new Blob([`${visits}`]).stream(), { headers: { "x-a": "1" } }),
  "/way/form": (visits) => new Response(new URLSearchParams({ visits: `${visits}` })),
  "/way/no-body": () => new Response(null, { status: 205 }),
};

export const fetchDemo: DemoApp<Handler> = {
  ways: Object.keys(responses),
  passesErrorsOn: true,
  assigns: false,
  make(sessions, demo) {
    const handler = fetchSessions(
      sessions,
      async (request, session) => {
        const { pathname: path } = new URL(request.url);
        const way = responses[path];
        if (way !== undefined) return way(count(session));
        return responseOf(await demo({ path, session }));
      },
      { skip: ["/none"], onError: () => {} },
    );
    return (request) => handler(request).catch(() => new Response("error", { status: 500 }));
  },
};

const answers: Record<string, (visits: number) => unknown> = {
  "/way/text": (visits) => `${visits}`,
  "/way/html": (visits) => html`<p>${visits}</p>`,
  "/way/object": (visits) => ({ visits }),
  "/way/bytes": (visits) => new Uint8Array(visits),
  "/way/reply": (visits) => reply(201, `${visits}`, { "x-a": "1" }),
  "/way/nothing": () => undefined,
  "/way/response": (visits) => new Response(`${visits}`),
  "/way/blob": (visits) => new Blob([`${visits}`]),
  "/way/readable": (visits) => new Blob([`${visits}`]).stream(),
  *"/way/generator"(visits) {
    yield `${visits}`;
  },
};

class DemoOfApp extends App<DemoData> {
  readonly #demo: Demo;

  constructor(sessions: Sessions<DemoData>, demo: Demo) {
    super({ sessions });
    this.#demo = demo;
  }

  async index(_first = "", _second = ""): Promise<unknown> {
    const way = answers[this.request.path];
    if (way !== undefined) return way(count(this.request.session));
    const { status, headers, body } = await this.#demo(this.request);
    return reply(status, body, headers);
  }
}

export const appDemo: DemoApp<App<DemoData>> = {
  ways: Object.keys(answers),
  make: (sessions, demo) => new DemoOfApp(sessions, demo),
};

export const nodeDemo: DemoApp<RequestListener> = {
  ways: [],
  make: (sessions, demo) =>
    nodeSessions(
      sessions,
      async (req, res) => {
        const { status, headers, body } = await demo({
          path: req.url ?? "",
          get session() {
            return req.session;
          },
          set session(data) {
            req.session = data;
          },
        });
        res.writeHead(status, headers);
        if (typeof body === "object") for await (const part of body) res.write(part);
        res.end(typeof body === "object" ? undefined : body);
      },
      { onError: () => {} },
    ),
};
