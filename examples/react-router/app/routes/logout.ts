import { logout } from "micropie";
import { redirect } from "react-router";
import { context } from "../sessions.server.ts";
import type { Route } from "./+types/logout";

export function action({ context: values }: Route.ActionArgs) {
  logout(values.get(context));
  return redirect("/", 303);
}
