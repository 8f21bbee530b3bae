import { createSessions } from "micropie";
import { svelteKitSessions } from "micropie/adapters/sveltekit";

export const handle = svelteKitSessions(createSessions());

export function load({ locals }: { locals: App.Locals }): { visits: number } {
  locals.session.visits = (locals.session.visits ?? 0) + 1;
  return { visits: locals.session.visits };
}
