import { info } from "micropie";
import { redirect } from "next/navigation";
import { route, sessions } from "../../lib/sessions.ts";

export const POST = route(async (request, session) => {
  const { userId } = info(session);
  const handle = String((await request.formData()).get("handle")); // from a form, so it can be anybody's
  const [device] = await sessions.list({ handle }).toArray();
  if (userId !== undefined && device?.userId === userId) await sessions.revoke({ handle });
  redirect("/devices");
});
