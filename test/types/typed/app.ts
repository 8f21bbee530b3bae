import { App, info, type Session, update } from "micropie";
import { sessions } from "./sessions.ts";

// No type argument.
class MyApp extends App {
  async index() {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    await add(session, "apple");
    this.request.session = { visits: 3 };
    // @ts-expect-error misspelt
    session.visit = 1;
    // @ts-expect-error not its type
    session.visits = "three";
    return `${session.visits} ${info(session).userId}`;
  }
}

/** A layer that knows no framework. */
async function add(session: Session, item: string): Promise<string[]> {
  // @ts-expect-error misspelt
  await update(session, "carts", (cart = []) => [...cart, item]);
  return update(session, "cart", (cart = []) => [...cart, item]);
}

export default new MyApp({ sessions, trustProxy: process.env.PROXY ? 1 : undefined });
