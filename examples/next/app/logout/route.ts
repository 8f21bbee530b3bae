import { logout } from "micropie";
import { redirect } from "next/navigation";
import { route } from "../../lib/sessions.ts";

export const POST = route((_request, session) => {
  logout(session);
  redirect("/");
});
