import { type Subcommand, subcommand } from "./subcommand.ts";
import { counted } from "./words.ts";

/** Deletes expired records. */
export const prune: Subcommand = subcommand({
  name: "prune",
  help: "delete expired records, where the store does not do it by itself",
  more: "No live session is ended. Redis and memcached expire records by themselves, so there are none to delete.",
  options: {},
  read() {
    return async ({ sessions }, terminal) => {
      terminal.say("This deletes the records of sessions that have expired.");
      const deleted = await sessions.prune();
      await terminal.print(
        terminal.json ? JSON.stringify({ deleted }) : `Deleted ${counted(deleted, "expired record")}.`,
      );
      return 0;
    };
  },
});
