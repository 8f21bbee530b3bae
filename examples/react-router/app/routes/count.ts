import { update } from "micropie";
import { redirect } from "react-router";
import { context } from "../sessions.server.ts";
import type { Route } from "./+types/count";

export async function action({ context: values }: Route.ActionArgs) {
  await update(values.get(context), "visits", (visits = 0) => visits + 1);
  return redirect("/", 303);
}
