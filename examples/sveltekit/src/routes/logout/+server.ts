import { redirect } from "@sveltejs/kit";
import { destroy } from "micropie";
import type { RequestHandler } from "./$types";

export const POST: RequestHandler = ({ locals }) => {
  destroy(locals.session);
  redirect(303, "/");
};
