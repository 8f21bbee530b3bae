import { login } from "micropie";
import { redirect } from "next/navigation";
import { deviceName } from "../../../device.ts";
import { route } from "../../lib/sessions.ts";

export const POST = route(async (request, session) => {
  const name = String((await request.formData()).get("name") ?? "").trim();
  if (name === "") return new Response("Which name?", { status: 400 });
  login(session, name); // a new id; the old one stops working
  session.name = name;
  session.device = deviceName(request.headers.get("user-agent"));
  redirect("/");
});
