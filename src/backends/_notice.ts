import type { EndNotice } from "../record/contract.ts";

/**
 * Returns the notice in a text that a store has sent, "<handle> <reason>" or "<handle> rights <epoch>"; undefined for anything else,
 * since others may send on the same channel.
 */
export function noticeIn(text: string): EndNotice | undefined {
  const [, handle, reason, epoch] =
    /^([\w-]{16}) (logged_out|revoked|limit|rights)(?: (\d+))?$/.exec(text) ?? [];
  if (handle === undefined) return undefined;
  if (reason === "logged_out" || reason === "revoked" || reason === "limit") return { handle, reason };
  return epoch === undefined ? undefined : { handle, reason: "rights", epoch: Number(epoch) };
}
