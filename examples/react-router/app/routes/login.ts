import { login } from "micropie";
import { redirect } from "react-router";
import { deviceName } from "../../../device.ts";
import { context } from "../sessions.server.ts";
import type { Route } from "./+types/login";

export async function action({ request, context: values }: Route.ActionArgs) {
  const name = String((await request.formData()).get("name") ?? "").trim();
  if (name === "") return new Response("Which name?", { status: 400 });
  const session = values.get(context);
  login(session, name); // a new id; the old one stops working
  session.name = name;
  session.device = deviceName(request.headers.get("user-agent"));
  return redirect("/", 303);
}
