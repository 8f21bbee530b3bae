import { update } from "micropie";
import { redirect } from "next/navigation";
import { route } from "../../lib/sessions.ts";

export const POST = route(async (_request, session) => {
  await update(session, "visits", (visits = 0) => visits + 1);
  redirect("/");
});
