import { info } from "micropie";
import { redirect } from "react-router";
import { context, sessions } from "../sessions.server.ts";
import type { Route } from "./+types/end";

export async function action({ request, context: values }: Route.ActionArgs) {
  const { userId } = info(values.get(context));
  const handle = String((await request.formData()).get("handle")); // from a form, so it can be anybody's
  const [device] = await sessions.list({ handle }).toArray();
  if (userId !== undefined && device?.userId === userId) await sessions.revoke({ handle });
  return redirect("/devices", 303);
}
