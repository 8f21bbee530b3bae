import { redirect } from "@sveltejs/kit";
import { logout } from "micropie";
import type { RequestHandler } from "./$types";

export const POST: RequestHandler = ({ locals }) => {
  logout(locals.session);
  redirect(303, "/");
};
