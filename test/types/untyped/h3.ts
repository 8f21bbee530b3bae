import { H3 } from "h3";
import { createSessions } from "micropie";
import { h3Sessions, sessionOf } from "micropie/adapters/h3";

const typed = createSessions<{ visits: number }>();

export const app = new H3()
  .use(h3Sessions(createSessions()))
  .get("/", ({ context: { session } }) => {
    session.visits = (session.visits ?? 0) + 1;
    return session.visits;
  })
  .get("/typed", (event) => {
    // @ts-expect-error misspelt
    sessionOf(event, typed).visit;
    return sessionOf(event, typed).visits;
  });
