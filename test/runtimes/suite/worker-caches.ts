import { Hono } from "hono";
import { cache } from "hono/cache";
import { App, createSessions, info, login, reply, type Session } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { honoSessions, type SessionVariables } from "micropie/adapters/hono";

interface Context {
  waitUntil(promise: Promise<unknown>): void;
}
type Handler = (request: Request, context: Context) => Response | Promise<Response>;
type Env = { Variables: SessionVariables };
type Head = Record<string, string>;

/** What pages say of how long they are fresh, as files do; none has `Cache-Control`. */
const PAGES: Readonly<Record<string, Head>> = {
  plain: {},
  expires: { expires: "Fri, 01 Jan 2100 00:00:00 GMT" },
  modified: { "last-modified": new Date(2020, 0).toUTCString() },
};
const ARTICLE = ["for everybody", { "cache-control": "max-age=3600" }] as const;

const page = (kind: string, session: Session) =>
  [`for ${info(session).userId ?? "nobody"}`, PAGES[kind]!] as const;
/** Signs in, on a GET. */
const enter = (name: string, session: Session) => {
  login(session, name);
  return ["welcome", PAGES.expires!] as const;
};

class Site extends App {
  login(name: string) {
    return reply(200, ...enter(name, this.request.session));
  }
  page(kind: string) {
    return reply(200, ...page(kind, this.request.session));
  }
  article() {
    return reply(200, ...ARTICLE);
  }
}

function fetching(): Handler {
  return fetchSessions(createSessions(), (request, session) => {
    const [, route, of] = new URL(request.url).pathname.split("/");
    const [body, headers] =
      route === "article" ? ARTICLE : route === "login" ? enter(of!, session) : page(of!, session);
    return new Response(body, { headers });
  });
}

/** With Hono's own cache before the sessions, or behind them. */
function hono(isBefore: boolean): Handler {
  const app = new Hono<Env>();
  const caching = cache({ cacheName: `pages-${isBefore}`, cacheControl: "max-age=3600" });
  if (isBefore) app.use(caching);
  app.use(honoSessions(createSessions()));
  if (!isBefore) app.use(caching);
  app.get("/article", (c) => c.body(...bodyOf(ARTICLE)));
  app.get("/login/:name", (c) => c.body(...bodyOf(enter(c.req.param("name"), c.var.session))));
  app.get("/page/:kind", (c) => c.body(...bodyOf(page(c.req.param("kind"), c.var.session))));
  return (request, context) => app.fetch(request, {}, context as never);
}

const bodyOf = ([body, headers]: readonly [string, Head]) => [body, 200, headers] as const;

/** What is kept, and else what the handler answers, which is kept if it may be: as Cloudflare shows it. */
function caching(handler: Handler): Handler {
  const { default: kept } = caches as unknown as { default: Cache };
  return async (request, context) => {
    const found = await kept.match(request);
    if (found !== undefined) return found;
    const response = await handler(request, context);
    context.waitUntil(kept.put(request, response.clone()));
    return response;
  };
}

const site = new Site();
const hosts: Readonly<Record<string, Handler>> = {
  app: caching((request) => site.fetch(request)),
  fetch: caching(fetching()),
  "hono-before": hono(true),
  "hono-behind": hono(false),
};

/** The first part of the path says who answers. An answer leaves when all is kept that may be. */
export default {
  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [, host, ...path] = url.pathname.split("/");
    url.hostname = `${host}.example`;
    url.pathname = path.join("/");
    const late: Promise<unknown>[] = [];
    const context = { waitUntil: (promise: Promise<unknown>) => void late.push(promise) };
    const response = await hosts[host!]!(new Request(url, request), context);
    await Promise.all(late);
    return response;
  },
};
