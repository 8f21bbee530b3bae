import { redirect } from "@sveltejs/kit";
import { info } from "micropie";
import { sessions } from "#lib/server/sessions.ts";
import type { RequestHandler } from "./$types";

export const POST: RequestHandler = async ({ request, locals }) => {
  const { userId } = info(locals.session);
  const handle = String((await request.formData()).get("handle")); // from a form, so it can be anybody's
  const [device] = await sessions.list({ handle }).toArray();
  if (userId !== undefined && device?.userId === userId) await sessions.revoke({ handle });
  redirect(303, "/devices");
};
