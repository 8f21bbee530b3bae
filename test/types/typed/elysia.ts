import { Elysia } from "elysia";
import { info, login } from "micropie";
import { elysiaSessions } from "micropie/adapters/elysia";
import { sessions } from "./sessions.ts";

export const app = new Elysia()
  .use(elysiaSessions(sessions, { skip: process.env.HEALTH ? ["/health"] : undefined }))
  .resolve(({ session, status }) => (info(session).userId ? { me: info(session).userId } : status(401)))
  .get("/", ({ session, me }) => {
    session.visits = (session.visits ?? 0) + 1;
    // @ts-expect-error misspelt
    session.visit;
    login(session, "ann");
    return `${session.visits} ${me}`;
  });
