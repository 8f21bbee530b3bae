import { answers, drops, told } from "./answers.ts";
import { adopted, attributes, nothing, removals } from "./cookies.ts";
import { turns, updates } from "./counters.ts";
import { drained } from "./drained.ts";
import { ends } from "./ends.ts";
import { factors } from "./factors.ts";
import { failed } from "./failed.ts";
import type { Judge } from "./judge.ts";
import { keys } from "./keys.ts";
import { lateCookies } from "./late-cookies.ts";
import { lifetimes } from "./lifetimes.ts";
import { limits } from "./limits.ts";
import { messages } from "./messages.ts";
import { movedIn } from "./moved-in.ts";
import { oldIds, reuse } from "./old-ids.ts";
import { origins } from "./origins.ts";
import { register } from "./register.ts";
import { free, routes } from "./routes.ts";
import { scans } from "./scans.ts";
import { spoken, stored } from "./secrets.ts";
import { standing } from "./standing.ts";
import { strangers, users } from "./users.ts";
import { watches } from "./watches.ts";
import { winners } from "./winners.ts";

/** Everybody who judges a world. */
export const JUDGES: readonly Judge[] = [
  register,
  nothing,
  attributes,
  lifetimes,
  removals,
  adopted,
  origins,
  keys,
  drained,
  updates,
  ends,
  standing,
  movedIn,
  winners,
  oldIds,
  lateCookies,
  turns,
  routes,
  free,
  messages,
  drops,
  told,
  failed,
  stored,
  spoken,
  strangers,
  users,
  scans,
  watches,
  limits,
  factors,
  answers,
  reuse,
];
