import { info } from "micropie";
import { redirect } from "next/navigation";
import { route, sessions } from "../../lib/sessions.ts";

export const POST = route(async (_request, session) => {
  const { userId } = info(session);
  if (userId !== undefined) await sessions.revoke({ userId, except: session });
  redirect("/devices");
});
