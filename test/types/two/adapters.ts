import { Elysia } from "elysia";
import express from "express";
import Fastify from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import Koa from "koa";
import { login, type Registered, type Session } from "micropie";
import { elysiaSessions } from "micropie/adapters/elysia";
import { expressSessions } from "micropie/adapters/express";
import { fastifySessions } from "micropie/adapters/fastify";
import { h3Sessions } from "micropie/adapters/h3";
import { honoSessions } from "micropie/adapters/hono";
import { koaSessions } from "micropie/adapters/koa";
import { svelteKitSessions } from "micropie/adapters/sveltekit";
import { admin, shop } from "./sessions.ts";

const app = express().use(expressSessions(shop), expressSessions(admin, { as: "admin" }));
app.get("/", (req, res) => {
  login(req.admin, 1);
  promote(req.admin);
  // @ts-expect-error That is in the other.
  req.session.role;
  res.json([req.session.cart, req.admin.role, req.admin.id]);
});

Fastify()
  .register(fastifySessions(shop))
  .register(fastifySessions(admin, { as: "admin" }))
  .get("/", (request) => [request.session.cart, promote(request.admin)]);

const koa = new Koa();
koa.use(koaSessions(shop));
koa.use(koaSessions(admin, { as: "admin" }));
koa.use((ctx) => {
  // @ts-expect-error That is in the other.
  ctx.admin.cart;
  ctx.body = [ctx.session.cart, promote(ctx.admin)];
});

const hono = new Hono();
hono.use(honoSessions(shop), honoSessions(admin, { as: "admin" }));
hono.get("/", (c) => c.json([c.var.session.cart, promote(c.var.admin)]));

new H3()
  .use(h3Sessions(shop))
  .use(h3Sessions(admin, { as: "admin" }))
  .get("/", ({ context }) => [context.session.cart, promote(context.admin)]);

export const elysia = new Elysia()
  .use(elysiaSessions(shop))
  .use(elysiaSessions(admin, { as: "admin" }))
  .get("/", (context) => [context.session.cart?.length, promote(context.admin)]);

export const handles = [svelteKitSessions(shop), svelteKitSessions(admin, { as: "admin" })];
export const load = ({ locals }: { locals: App.Locals }) => [locals.session.cart, promote(locals.admin)];

function promote(session: Session<Registered<"admin">>): string {
  // @ts-expect-error no such role
  session.role = "user";
  session.role = "root";
  return session.role;
}
