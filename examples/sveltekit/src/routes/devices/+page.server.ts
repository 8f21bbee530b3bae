import { info } from "micropie";
import { sessions } from "#lib/server/sessions.ts";
import { ago } from "../../../../device.ts";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ locals: { session } }) => {
  const { userId } = info(session);
  const devices = userId === undefined ? [] : await sessions.list({ userId }, { current: session }).toArray();
  // What the page shows, and no more: a browser gets what a load function returns.
  const shown = devices.map(({ handle, current, lastSeenAt, data: { device } }) => ({
    handle,
    current,
    device,
    seen: ago(lastSeenAt),
  }));
  return { devices: shown };
};
