import { info } from "micropie";
import { redirect } from "react-router";
import { context, sessions } from "../sessions.server.ts";
import type { Route } from "./+types/end-others";

export async function action({ context: values }: Route.ActionArgs) {
  const session = values.get(context);
  const { userId } = info(session);
  if (userId !== undefined) await sessions.revoke({ userId, except: session });
  return redirect("/devices", 303);
}
