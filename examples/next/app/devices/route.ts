import { info } from "micropie";
import { route, sessions } from "../../lib/sessions.ts";

export const GET = route(async (_request, session) => {
  const { userId, handle } = info(session);
  const devices = userId === undefined ? [] : await sessions.list({ userId }).toArray();
  return Response.json(
    devices.map((device) => ({ handle: device.handle, current: device.handle === handle })),
  );
});
