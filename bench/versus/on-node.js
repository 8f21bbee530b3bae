/** Programs that are served by `node:http`. */
import diagnostics from "node:diagnostics_channel";
import { createServer } from "node:http";
import { answer, TEXT } from "./answer.js";
import { appOf, hono } from "./on-web.js";

function answerOnNode(req, res) {
  const body = answer(req.url, () => req.session);
  res.setHeader("Content-Type", TEXT);
  res.setHeader("Content-Length", Buffer.byteLength(body));
  res.end(body);
}

export const node = {
  bare: () => createServer(answerOnNode),
  async session(library, sessions) {
    const { nodeSessions } = await library("adapters/node");
    return createServer(nodeSessions(sessions, answerOnNode));
  },
};

async function expressServer(middleware = []) {
  const { default: createExpress } = await import("express");
  const app = createExpress();
  app.disable("x-powered-by");
  app.disable("etag");
  for (const each of middleware) app.use(each);
  const route = (req, res) => res.type("text/plain").send(answer(req.path, () => req.session));
  app.get("/", route);
  app.get("/read", route);
  app.get("/none", route);
  return createServer(app);
}

export const express = {
  bare: () => expressServer(),
  async session(library, sessions) {
    const { expressSessions } = await library("adapters/express");
    return expressServer([expressSessions(sessions)]);
  },
};

async function fastifyServer(plugins = []) {
  const { default: createFastify } = await import("fastify");
  const app = createFastify({ logger: false });
  for (const each of plugins) await app.register(each);
  const route = (request, reply) => reply.type(TEXT).send(answer(request.url, () => request.session));
  app.get("/", route);
  app.get("/read", route);
  app.get("/none", route);
  await app.ready();
  return app.server;
}

export const fastify = {
  bare: () => fastifyServer(),
  async session(library, sessions) {
    const { fastifySessions } = await library("adapters/fastify");
    return fastifyServer([fastifySessions(sessions)]);
  },
};

async function koaServer(middleware = []) {
  const { default: Koa } = await import("koa");
  const app = new Koa();
  for (const each of middleware) app.use(each);
  app.use((ctx) => {
    ctx.body = answer(ctx.path, () => ctx.session);
  });
  return createServer(app.callback());
}

export const koa = {
  bare: () => koaServer(),
  async session(library, sessions) {
    const { koaSessions } = await library("adapters/koa");
    return koaServer([koaSessions(sessions)]);
  },
};

async function adaptorServer(fetch) {
  const { createAdaptorServer } = await import("@hono/node-server");
  return createAdaptorServer({ fetch: await fetch });
}

/** The same as users run it: `@hono/node-server` has a Request and a Response of its own, which cost less. */
export const honoOnNode = {
  bare: () => adaptorServer(hono.bare()),
  session: (library, sessions) => adaptorServer(hono.session(library, sessions)),
};

/** The same as it serves itself, over bare `node:http`. */
export const appOnNode = {
  bare: node.bare,
  async session(library, sessions) {
    const running = await (await appOf(library, sessions)).serve({ port: 0, hostname: "127.0.0.1" });
    let server;
    const find = (message) => {
      server = message.server;
    };
    diagnostics.subscribe("http.server.request.start", find);
    await (await globalThis.fetch(new URL("/read", running.url))).text();
    diagnostics.unsubscribe("http.server.request.start", find);
    return server;
  },
};
