import type { RequestEvent } from "@sveltejs/kit";
import type { Handle } from "@sveltejs/kit/hooks";
import { createSessions, login, update } from "micropie";
import { svelteKitSessions } from "micropie/adapters/sveltekit";

const sessions = createSessions<{ visits: number; cart: string[] }>();
declare module "micropie" {
  interface Register {
    session: typeof sessions;
  }
}
export const handle: Handle = svelteKitSessions(sessions, {
  skip: process.env.HEALTH ? ["/health"] : undefined,
});

export async function load({ locals }: RequestEvent): Promise<{ visits: number }> {
  login(locals.session, "ann");
  // @ts-expect-error misspelt
  locals.session.visit;
  await update(locals.session, "visits", (visits = 0) => visits + 1);
  locals.session = { visits: 1 };
  locals.session = null;
  return { visits: locals.session.visits ?? 0 };
}
