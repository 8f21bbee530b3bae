import { redirect } from "@sveltejs/kit";
import { info } from "micropie";
import { sessions } from "#lib/server/sessions.ts";
import type { RequestHandler } from "./$types";

export const POST: RequestHandler = async ({ locals: { session } }) => {
  const { userId } = info(session);
  if (userId !== undefined) await sessions.revoke({ userId, except: session });
  redirect(303, "/devices");
};
