import { H3, type H3Event } from "h3";
import { login, update } from "micropie";
import { h3Sessions, sessionOf } from "micropie/adapters/h3";
import { sessions } from "./sessions.ts";

export const app = new H3()
  .use(h3Sessions(sessions, { skip: process.env.HEALTH ? ["/health"] : undefined }))
  .get("/", async (event) => {
    const { session } = event.context;
    session.visits = (session.visits ?? 0) + 1;
    // @ts-expect-error misspelt
    session.visit;
    await update(session, "visits", (visits = 0) => visits + 1);
    login(session, "ann");
    return `${session.visits}`;
  })
  .get("/again", (event) => `${sessionOf(event, sessions).visits} ${cartOf(event)}`)
  .post("/logout", (event) => {
    event.context.session = { visits: 1 };
    event.context.session = null;
  });

export const cartOf = (event: H3Event): string[] | undefined => event.context.session.cart;
