import { type AnyElysia, Elysia, type ElysiaConfig } from "elysia";
import { type EventHandler, H3 } from "h3";
import { Hono } from "hono";
import { stream } from "hono/streaming";
import type { Session } from "micropie";
import { elysiaSessions } from "micropie/adapters/elysia";
import { h3Sessions } from "micropie/adapters/h3";
import { honoSessions, type SessionVariables } from "micropie/adapters/hono";
import type { DemoData } from "micropie/testing";
import { bytesOf, count, pairsOf } from "./answers.ts";
import type { DemoApp } from "./demo-apps.ts";
import type { Handler } from "./listeners.ts";

type Env = { Variables: SessionVariables<DemoData> };

export const honoDemo: DemoApp<Handler> = {
  ways: ["/way/json", "/way/html", "/way/response"],
  make(sessions, demo) {
    const app = new Hono<Env>().use(honoSessions(sessions, { onError: () => {} }));
    app.get("/way/json", (c) => c.json({ visits: count(c.var.session) }));
    app.get("/way/html", (c) => c.html(`<p>${count(c.var.session)}</p>`));
    app.get("/way/response", (c) => new Response(`${count(c.var.session)}`));
    app.all("*", async (c) => {
      const { status, headers, body } = await demo({
        path: c.req.path,
        get session() {
          return c.get("session");
        },
        set session(data: Session<DemoData>) {
          c.set("session", data);
        },
      });
      for (const [name, value] of pairsOf(headers)) c.header(name, value, { append: true });
      c.status(status as Parameters<typeof c.status>[0]);
      if (typeof body !== "object") return body === undefined ? c.body(null) : c.body(body);
      return stream(c, async (out) => {
        for await (const part of body) await out.write(part);
      });
    });
    return app.fetch;
  },
};

const h3Ways: Record<string, (visits: number) => unknown> = {
  "/way/text": (visits) => `${visits}`,
  "/way/object": (visits) => ({ visits }),
  "/way/bytes": (visits) => new Uint8Array(visits),
  "/way/response": (visits) => new Response(`${visits}`),
  "/way/stream": (visits) => new Blob([`${visits}`]).stream(),
};

export const h3Demo: DemoApp<Handler> = {
  ways: Object.keys(h3Ways),
  make(sessions, demo) {
    const app = new H3({ silent: true }).use(h3Sessions(sessions, { onError: () => {} }));
    for (const [path, way] of Object.entries(h3Ways)) {
      const handler: EventHandler = ({ context }) => way(count(context.session as Session<DemoData>));
      app.all(path, handler);
    }
    app.all("/**", async ({ context, res, url }) => {
      const { status, headers, body } = await demo({
        path: url.pathname,
        get session() {
          return context.session as Session<DemoData>;
        },
        set session(data) {
          context.session = data;
        },
      });
      res.status = status;
      for (const [name, value] of pairsOf(headers)) res.headers.append(name, value);
      return typeof body === "object" ? bytesOf(body) : body;
    });
    return (request) => app.fetch(request);
  },
};

const elysiaWays: Record<string, (visits: number) => unknown> = {
  "/way/text": (visits) => `${visits}`,
  "/way/object": (visits) => ({ visits }),
  "/way/blob": (visits) => new Blob([`${visits}`]),
  "/way/response": (visits) => new Response(`${visits}`),
  "/way/stream": (visits) => new Blob([`${visits}`]).stream(),
};

/** With a configuration of Elysia's. */
export const elysiaDemoWith = (config: ElysiaConfig<"">): DemoApp<AnyElysia> => ({
  ways: Object.keys(elysiaWays),
  make(sessions, demo) {
    const app = new Elysia(config).use(elysiaSessions(sessions, { onError: () => {} }));
    for (const [path, way] of Object.entries(elysiaWays)) {
      for (const method of ["GET", "HEAD"]) app.route(method, path, ({ session }) => way(count(session)));
    }
    return app.all("/*", async (context) => {
      const { status, headers, body } = await demo({
        path: context.path,
        get session() {
          return context.session;
        },
        set session(data: Session<DemoData>) {
          context.session = data;
        },
      });
      context.set.status = status;
      Object.assign(context.set.headers, headers);
      if (body === undefined) return new Response(null, { status });
      return typeof body === "string" ? body : partsOf(body);
    });
  },
});

export const elysiaDemo: DemoApp<AnyElysia> = elysiaDemoWith({});

/** On Deno.serve a generator of text fails in Elysia itself, with sessions or without; one of bytes does not. */
async function* partsOf(body: AsyncIterable<string>): AsyncGenerator<string | Uint8Array> {
  const encoder = new TextEncoder();
  for await (const part of body) yield "Deno" in globalThis ? encoder.encode(part) : part;
}
