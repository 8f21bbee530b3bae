/**
 * What is measured: one program on each framework, without a session and with one. `bare()` and
 * `session(library, sessions)` resolve with a server of `node:http`, or a function from Request to Response; `library(path)`
 * imports a module of the build that is measured.
 */
import { appOnNode, express, fastify, honoOnNode, koa, node } from "./on-node.js";
import { app, elysia, fetch, h3, hono, reactRouter, sveltekit } from "./on-web.js";

export const PROGRAMS = {
  node,
  express,
  fastify,
  koa,
  "hono on node": honoOnNode,
  "App on node": appOnNode,
  fetch,
  hono,
  h3,
  elysia,
  sveltekit,
  "react-router": reactRouter,
  App: app,
};
