import { Elysia } from "elysia";
import { createSessions, login } from "micropie";
import { elysiaSessions } from "micropie/adapters/elysia";

export const untyped = new Elysia().use(elysiaSessions(createSessions())).get("/", ({ session }) => {
  session.visits = (session.visits ?? 0) + 1;
  login(session, "ann");
  return `${session.visits}`;
});

// Without `Register`, it still infers.
export const inferred = new Elysia()
  .use(elysiaSessions(createSessions<{ visits: number }>()))
  .get("/", ({ session }) => {
    // @ts-expect-error misspelt
    session.visit;
    return `${session.visits}`;
  });
