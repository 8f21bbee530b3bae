/** Programs that are functions from Request to Response. */
import { answer, TEXT } from "./answer.js";

async function honoFetch(middleware = []) {
  const { Hono } = await import("hono");
  const app = new Hono();
  for (const each of middleware) app.use("*", each);
  const route = (c) => c.text(answer(c.req.path, () => c.get("session")));
  app.get("/", route);
  app.get("/read", route);
  app.get("/none", route);
  return app.fetch;
}

export const hono = {
  bare: () => honoFetch(),
  async session(library, sessions) {
    const { honoSessions } = await library("adapters/hono");
    return honoFetch([honoSessions(sessions)]);
  },
};

const nobody = () => undefined;
const answerOnFetch = (request, session) =>
  new Response(
    answer(new URL(request.url).pathname, () => session),
    { headers: { "Content-Type": TEXT } },
  );

export const fetch = {
  bare: () => (request) => answerOnFetch(request, undefined),
  async session(library, sessions) {
    const { fetchSessions } = await library("adapters/fetch");
    return fetchSessions(sessions, answerOnFetch);
  },
};

async function h3Fetch(middleware = []) {
  const { H3 } = await import("h3");
  const app = new H3({ silent: true });
  for (const each of middleware) app.use(each);
  const route = (event) => {
    event.res.headers.set("Content-Type", TEXT);
    return answer(event.url.pathname, () => event.context.session);
  };
  app.get("/", route);
  app.get("/read", route);
  app.get("/none", route);
  return (request) => app.fetch(request);
}

export const h3 = {
  bare: () => h3Fetch(),
  async session(library, sessions) {
    const { h3Sessions } = await library("adapters/h3");
    return h3Fetch([h3Sessions(sessions)]);
  },
};

// Elysia reads the text of a handler to know what it uses.
export const elysia = {
  async bare() {
    const { Elysia } = await import("elysia");
    const app = new Elysia();
    app.get("/", ({ path }) => answer(path, nobody));
    app.get("/read", ({ path }) => answer(path, nobody));
    return (request) => app.fetch(request);
  },
  async session(library, sessions) {
    const { Elysia } = await import("elysia");
    const { elysiaSessions } = await library("adapters/elysia");
    const app = new Elysia().use(elysiaSessions(sessions));
    app.get("/", ({ path, session }) => answer(path, () => session));
    app.get("/read", ({ path, session }) => answer(path, () => session));
    return (request) => app.fetch(request);
  },
};

/** Called as SvelteKit calls its `handle` hook. */
export const sveltekit = {
  bare: () => async (request) => answerOnFetch(request, undefined),
  async session(library, sessions) {
    const { svelteKitSessions } = await library("adapters/sveltekit");
    const handle = svelteKitSessions(sessions);
    const resolve = async ({ request, locals }) => answerOnFetch(request, locals.session);
    const cookies = { set() {} };
    return (request) => {
      const event = { request, url: new URL(request.url), locals: {}, cookies, isSubRequest: false };
      return handle({ event, resolve });
    };
  },
};

/** Called as React Router calls the middleware of a route. */
export const reactRouter = {
  bare: () => async (request) => answerOnFetch(request, undefined),
  async session(library, sessions) {
    const { reactRouterSessions } = await library("adapters/react-router");
    const { middleware, context: key } = reactRouterSessions(sessions);
    return (request) => {
      const context = new Map();
      const args = { request, url: new URL(request.url), context };
      return middleware(args, async () => answerOnFetch(request, context.get(key)));
    };
  },
};

export async function appOf(library, sessions) {
  const { App } = await library("index");
  class Visits extends App {
    index() {
      return answer("/", () => this.request.session);
    }

    read() {
      return answer("/read", () => this.request.session);
    }

    none() {
      return answer("/none", () => this.request.session);
    }
  }
  return new Visits({ sessions });
}

/** App is a framework itself, so bare is a function without one, and the figure is all of App. */
export const app = {
  bare: fetch.bare,
  async session(library, sessions) {
    const visits = await appOf(library, sessions);
    return (request) => visits.fetch(request);
  },
};
