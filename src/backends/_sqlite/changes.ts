import type { EndChannel, EndListener } from "../../record/contract.ts";
import type { SqliteLike } from "./like.ts";

/**
 * Opens a channel on which nothing is told, but that is lost as soon as another connection has changed the file: then sessions are
 * asked for again. So a file that nobody else changes costs one look at a number for each beat
 * (https://www.sqlite.org/pragma.html#pragma_data_version).
 */
export function watchChanges(db: SqliteLike, listener: EndListener): EndChannel {
  const pragma = db.prepare("PRAGMA data_version");
  const version = (): unknown =>
    (pragma.get() as { data_version?: unknown } | null | undefined)?.data_version;
  const seen = version();
  let isOpen = true;
  return {
    beat(text) {
      if (!isOpen) return;
      const now = version();
      if (now !== undefined && now === seen) listener.heard(text);
      else listener.lost();
    },
    close() {
      isOpen = false;
    },
  };
}
