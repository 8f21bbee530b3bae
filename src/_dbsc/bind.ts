import { readHead } from "../core/head.ts";
import type { AnyShown } from "../core/register.ts";
import { liveOf, seenLive } from "../core/session.ts";
import { brought, renewed } from "../core/state.ts";
import { amendBinding, createBinding } from "./binding.ts";
import { offer } from "./seam.ts";

/**
 * Returns how this request stands to the device that the session is bound to. `bound`: the browser has shown its key lately;
 * `unbound`: it has shown none, and need not (also without the option); `lapsed`: it has not shown it lately, on a path that does
 * not ask; `refused`: so the session is anonymous. Throws StateError `not_live` for anything that is no session.
 *
 * @example
 * if (bindingOf(session) !== "bound") askForPassword();
 */
export function bindingOf(session: AnyShown): "bound" | "unbound" | "lapsed" | "refused" {
  return seenLive(session).beside?.standing?.is ?? "unbound";
}

/**
 * Offers to bind the session anew with the answer of this request, as a sign-in does; what it was bound to no longer counts. For
 * sessions that were signed in before there was `dbsc`, and with an answer that has `Clear-Site-Data: "storage"`, at which browsers
 * drop their keys. Returns whether it does: not if nobody is signed in, or the device has not shown its key lately.
 * Throws StateError `not_live` after the request; BackendError.
 *
 * @example
 * if (await bind(session)) response.headers.set("Clear-Site-Data", '"storage"');
 */
export async function bind(session: AnyShown): Promise<boolean> {
  const live = liveOf(session);
  const { phase, engine, beside, outbox } = live;
  const isElse = phase.is !== "stored" || engine.bound === undefined || outbox.carrier === "header";
  if (isElse || phase.record.userId === null || beside?.standing?.is === "lapsed") return false;
  const created = createBinding(engine.backend.now());
  const amended = await amendBinding(engine, phase.handle, phase.record, () => created);
  if (typeof amended === "string") return false;
  const { head, version } = amended;
  renewed(live, { ...phase.record, head, version }, readHead(head));
  brought(live, { standing: { is: "unbound", worn: false } });
  offer(live);
  return true;
}
