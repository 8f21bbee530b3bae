import { info, logout } from "micropie";
import { redirect } from "react-router";
import { context, sessions } from "../sessions.server.ts";
import type { Route } from "./+types/logout-everywhere";

export async function action({ context: values }: Route.ActionArgs) {
  const session = values.get(context);
  const { userId } = info(session);
  if (userId !== undefined) await sessions.revoke({ userId, except: session });
  logout(session); // this session too, with its cookie
  return redirect("/", 303);
}
