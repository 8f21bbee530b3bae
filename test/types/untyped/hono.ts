import { Hono } from "hono";
import { createSessions } from "micropie";
import { honoSessions, type SessionVariables } from "micropie/adapters/hono";

export const untyped = new Hono().use(honoSessions(createSessions())).get("/", (c) => {
  c.var.session.visits = (c.var.session.visits ?? 0) + 1;
  return c.text(`${c.var.session.visits}`);
});

// Without `Register`, a chain of calls still knows its own.
export const chained = new Hono().use(honoSessions(createSessions<{ visits: number }>())).get("/", (c) => {
  const visits: number | undefined = c.var.session.visits;
  // @ts-expect-error misspelt
  c.var.session.visit;
  return c.text(`${visits}`);
});

export const declared = new Hono<{ Variables: SessionVariables<{ visits: number }> }>().get("/", (c) => {
  // @ts-expect-error misspelt
  c.var.session.visit;
  return c.text(`${c.var.session.visits}`);
});
