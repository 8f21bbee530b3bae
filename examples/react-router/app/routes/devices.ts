import { info } from "micropie";
import { context, sessions } from "../sessions.server.ts";
import type { Route } from "./+types/devices";

export async function loader({ context: values }: Route.LoaderArgs) {
  const { userId, handle } = info(values.get(context));
  const devices = userId === undefined ? [] : await sessions.list({ userId }).toArray();
  return Response.json(
    devices.map((device) => ({ handle: device.handle, current: device.handle === handle })),
  );
}
