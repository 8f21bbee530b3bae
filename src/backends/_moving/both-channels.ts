import type { EndChannel, EndListener } from "../../record/contract.ts";
import type { SessionBackend } from "../_session-backend.ts";

/** Beats that may be under way at once. */
const MOST = 16;

/**
 * Opens the channels of both stores as one: what either tells is told, and a beat is heard when both have sent it. Undefined if one of
 * them has no channel: then both are asked.
 */
export async function listenToBoth(
  one: SessionBackend,
  other: SessionBackend,
  listener: EndListener,
): Promise<EndChannel | undefined> {
  const heardOnce = new Set<string>();
  const half: EndListener = {
    told: (notice) => listener.told(notice),
    heard(beat) {
      if (heardOnce.delete(beat)) return listener.heard(beat);
      heardOnce.add(beat);
      if (heardOnce.size > MOST) for (const oldest of heardOnce) return void heardOnce.delete(oldest);
    },
    lost: () => listener.lost(),
  };
  const first = await one.listen(half);
  if (first === undefined) return undefined;
  let second: EndChannel | undefined;
  try {
    second = await other.listen(half);
  } catch (error) {
    await first.close();
    throw error;
  }
  if (second === undefined) {
    await first.close();
    return undefined;
  }
  const channels = [first, second];
  return {
    mayMiss: channels.some(({ mayMiss }) => mayMiss === true),
    async beat(text) {
      await Promise.all(channels.map((channel) => channel.beat(text)));
    },
    async close() {
      await Promise.all(channels.map((channel) => channel.close()));
    },
  };
}
