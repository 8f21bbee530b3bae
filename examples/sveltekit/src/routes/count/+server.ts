import { redirect } from "@sveltejs/kit";
import { update } from "micropie";
import type { RequestHandler } from "./$types";

export const POST: RequestHandler = async ({ locals }) => {
  await update(locals.session, "visits", (visits = 0) => visits + 1);
  redirect(303, "/");
};
