import { randomBytes } from "node:crypto";
import type { EndChannel, EndListener } from "../../record/contract.ts";
import { noticeIn } from "../_notice.ts";
import type { RedisLike, Run } from "./client.ts";
import { BEAT, CHANNEL } from "./ended.ts";
import { subscribe } from "./subscriber.ts";

/** Opens the channel by which the scripts tell of ends; undefined for a client that cannot listen. */
export async function openChannel(
  client: RedisLike,
  run: Run,
  prefix: string,
  listener: EndListener,
): Promise<EndChannel | undefined> {
  const shared = prefix + CHANNEL;
  // Beats come on a channel of their own, so that nobody hears those of other processes.
  const own = `${shared}:${randomBytes(9).toString("base64url")}`;
  let isOpen = true;
  const subscriber = await subscribe(client, [shared, own], {
    message(channel, text) {
      if (!isOpen) return;
      if (channel === own) listener.heard(text);
      if (channel !== shared) return;
      const notice = noticeIn(text);
      if (notice !== undefined) listener.told(notice);
    },
    lost() {
      if (isOpen) listener.lost();
    },
  });
  if (subscriber === undefined) return undefined;
  return {
    mayMiss: subscriber.mayMiss,
    beat: (text) => run(BEAT, own, [text], () => {}),
    close() {
      isOpen = false;
      subscriber.close();
    },
  };
}
