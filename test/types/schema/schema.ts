import { createSessions, type DataOf, type Session, update } from "micropie";
import * as v from "valibot";
import { z } from "zod";

// A schema that accepts an empty session makes every read whole.
const shop = createSessions({
  schema: z.object({ visits: z.number().default(0), theme: z.enum(["light", "dark"]).optional() }),
});
export async function ofZod(): Promise<number> {
  const session = await shop.load();
  session.visits += 1;
  session.theme = "dark";
  // @ts-expect-error not in the schema
  session.theme = "blue";
  // @ts-expect-error not in the schema
  session.visit;
  const theme: "light" | "dark" | undefined = session.theme;
  inLayer(session);
  return (await update(session, "visits", (visits) => visits + 1)) + (theme?.length ?? 0);
}
function inLayer(session: Session<DataOf<typeof shop>>): void {
  session.visits += 1;
}

const counted = createSessions({ schema: v.object({ visits: v.optional(v.number(), 0) }) });
export async function ofValibot(): Promise<void> {
  const session = await counted.load();
  session.visits += 1;
}

// One that does not leaves it to the reader.
const partial = createSessions({ schema: z.object({ visits: z.number() }) });
export async function withoutDefaults(): Promise<void> {
  const session = await partial.load();
  // @ts-expect-error there may be none
  session.visits += 1;
  session.visits = (session.visits ?? 0) + 1;
}

declare module "micropie" {
  interface Register {
    session: typeof shop;
  }
}
export function registered(session: Session): void {
  session.visits += 1;
}
