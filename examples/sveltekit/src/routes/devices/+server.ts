import { json } from "@sveltejs/kit";
import { info } from "micropie";
import { sessions } from "#lib/server/sessions.ts";
import type { RequestHandler } from "./$types";

export const GET: RequestHandler = async ({ locals }) => {
  const { userId, handle } = info(locals.session);
  const devices = userId === undefined ? [] : await sessions.list({ userId }).toArray();
  return json(devices.map((device) => ({ handle: device.handle, current: device.handle === handle })));
};
