import { redirect } from "@sveltejs/kit";
import { info, logout } from "micropie";
import { sessions } from "#lib/server/sessions.ts";
import type { RequestHandler } from "./$types";

export const POST: RequestHandler = async ({ locals: { session } }) => {
  const { userId } = info(session);
  if (userId !== undefined) await sessions.revoke({ userId, except: session });
  logout(session); // this session too, with its cookie
  redirect(303, "/");
};
