import { createSessions, info, login } from "micropie";
import { reactRouterSessions } from "micropie/adapters/react-router";
import { type LoaderFunctionArgs, type MiddlewareFunction, redirect } from "react-router";

const sessions = createSessions<{ visits: number; cart: string[] }>();
declare module "micropie" {
  interface Register {
    session: typeof sessions;
  }
}
const ours = reactRouterSessions(sessions, { skip: process.env.HEALTH ? ["/health"] : undefined });
export const middleware: MiddlewareFunction<Response>[] = [ours.middleware];

export async function loader({ context }: LoaderFunctionArgs): Promise<{ visits: number }> {
  const session = context.get(ours.context);
  if (info(session).userId === undefined) throw redirect("/login");
  session.visits = (session.visits ?? 0) + 1;
  // @ts-expect-error misspelt
  session.visit;
  login(session, session.cart?.[0] ?? "ann");
  return { visits: session.visits };
}
