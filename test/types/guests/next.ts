import { createSessions, info, login, update } from "micropie";
import { nextSessions } from "micropie/adapters/next";
import { cookies, headers } from "next/headers.js";
import { redirect } from "next/navigation.js";
import { type NextRequest, NextResponse } from "next/server.js";

const sessions = createSessions<{ visits: number; cart: string[] }>();
declare module "micropie" {
  interface Register {
    session: typeof sessions;
  }
}
const { read, action, route, proxy } = nextSessions(sessions, {
  cookies,
  headers,
  onError: process.env.QUIET ? () => {} : undefined,
});

export const signIn = action((session, form: FormData) => {
  login(session, String(form.get("name")));
  redirect("/");
});
export const count = action((session) => update(session, "visits", (visits = 0) => visits + 1));
export const GET = route(
  async (_request: NextRequest, session, { params }: { params: Promise<{ id: string }> }) => {
    // @ts-expect-error misspelt
    session.visit;
    return Response.json([info(session).userId, session.cart, (await params).id]);
  },
  { skip: process.env.HEALTH ? ["/health"] : undefined },
);
export const guard = proxy((request, session) =>
  info(session).userId ? NextResponse.next() : NextResponse.redirect(new URL("/", request.url)),
);

export default async function Page(): Promise<number> {
  const session = await read();
  // @ts-expect-error to be looked at only
  session.visits = 1;
  // @ts-expect-error to be looked at only
  login(session, "ann");
  return (session.visits ?? 0) + (info(session).userId?.length ?? 0);
}
