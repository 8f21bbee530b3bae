import { error, redirect } from "@sveltejs/kit";
import { login } from "micropie";
import { deviceName } from "../../../../device.ts";
import type { RequestHandler } from "./$types";

export const POST: RequestHandler = async ({ request, locals }) => {
  const name = String((await request.formData()).get("name") ?? "").trim();
  if (name === "") error(400, "Which name?");
  login(locals.session, name); // a new id; the old one stops working
  locals.session.name = name;
  locals.session.device = deviceName(request.headers.get("user-agent"));
  redirect(303, "/");
};
