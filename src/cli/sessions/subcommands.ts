import { count } from "./count.ts";
import { explain } from "./explain.ts";
import { list } from "./list.ts";
import { move } from "./move.ts";
import { prune } from "./prune.ts";
import { revoke } from "./revoke.ts";
import { revokeUser } from "./revoke-user.ts";
import { show } from "./show.ts";
import { stats } from "./stats.ts";
import type { Subcommand } from "./subcommand.ts";

/** The subcommands of `micropie sessions`, in the order of the help. */
export const SUBCOMMANDS: readonly Subcommand[] = [
  list,
  show,
  count,
  stats,
  revoke,
  revokeUser,
  prune,
  move,
  explain,
];
