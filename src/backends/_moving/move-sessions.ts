import { ConfigError } from "../../errors.ts";
import { refuseUnknown } from "../../option-names.ts";
import type { LoadSave } from "../../record/contract.ts";
import type { SessionBackend } from "../_session-backend.ts";
import { toBackend } from "../backend.ts";
import { withoutReservations } from "./both-scans.ts";
import { Mover } from "./mover.ts";

/** How far it has come. */
export interface MoveProgress {
  /** How many sessions have left the source. */
  readonly moved: number;
  /** How many of the source could not be moved when they were looked at: they cannot be read. */
  readonly left: number;
  /** How often the source was gone through from its beginning to its end. */
  readonly passes: number;
}

/** Options of `moveSessions`. */
export interface MoveOptions {
  /** Where sessions are now. */
  readonly from: SessionBackend | LoadSave;
  /** Where they go. */
  readonly to: SessionBackend | LoadSave;
  /** How many are moved at once. Default 16. */
  readonly atOnce?: number | undefined;
  /** Stops it after those that are under way. Then it rejects with the signal's reason, and the next call goes on. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each page, of up to 100 sessions; those of the target change no number. If it returns a promise, that is waited for. */
  readonly onProgress?: ((progress: MoveProgress) => unknown) | undefined;
}

const PAGE = 100;

/**
 * Moves all sessions from one store to another while applications with `MovingSessionBackend` use them. Goes through the source
 * until it has none that could be moved, and then once through the target, where somebody who moved sessions the other way may have
 * died; so it can be stopped at any time and called again. Resolves with what was done. Throws
 * ConfigError for an option, and `backend` if one of them cannot list its sessions.
 */
export async function moveSessions(options: MoveOptions): Promise<MoveProgress> {
  refuseUnknown(Object(options), ["from", "to", "atOnce", "signal", "onProgress"]);
  const { atOnce = 16, signal, onProgress } = options;
  if (!Number.isInteger(atOnce) || atOnce < 1) throw new ConfigError("atOnce", "Pass a whole number from 1.");
  const from = toBackend(options.from, "moveSessions takes { from, to }, two back-ends");
  const to = toBackend(options.to, "moveSessions takes { from, to }, two back-ends");
  if (from === to) throw new ConfigError("to", "Pass another back-end than `from`.");
  const mover = new Mover(from, to);
  const batches = { atOnce, signal };
  let moved = 0;
  for (let passes = 1; ; passes++) {
    const before = moved;
    let left = 0;
    for await (const page of pagesOf(from)) {
      await inBatches(page, batches, async (handle) => {
        if (await mover.clear(handle)) moved++;
        else left++;
      });
      await onProgress?.({ moved, left, passes });
    }
    if (moved > before) continue;
    for await (const page of pagesOf(to)) {
      await inBatches(page, batches, (handle) => mover.finish(handle));
      await onProgress?.({ moved, left, passes });
    }
    return { moved, left, passes };
  }
}

/** The handles that a store lists. A place for a session that did not come goes by itself. */
async function* pagesOf(store: SessionBackend): AsyncIterable<readonly string[]> {
  let cursor: string | undefined;
  do {
    const page = await store.scan({ cursor, limit: PAGE });
    yield withoutReservations(page.sessions).map(({ handle }) => handle);
    cursor = page.cursor;
  } while (cursor !== undefined);
}

async function inBatches(
  handles: readonly string[],
  { atOnce, signal }: { readonly atOnce: number; readonly signal: AbortSignal | undefined },
  work: (handle: string) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < handles.length; at += atOnce) {
    signal?.throwIfAborted();
    await Promise.all(handles.slice(at, at + atOnce).map(work));
  }
}
