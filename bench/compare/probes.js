/**
 * The probes, in the order of the table. Each has a name, the promise that it tries, the rule by which it decides,
 * `run(site)`, and `settings` for the start of the contender where it needs some.
 */
import { dates, firstByte, stream } from "./probes/answers.js";
import { caching, forged, twice } from "./probes/cookies.js";
import { applications, limit, openConnection, revoked, stale } from "./probes/elsewhere.js";
import { serverless } from "./probes/host.js";
import { damaged, guard, oldId } from "./probes/identity.js";
import { logout, parallel } from "./probes/overlap.js";
import { anonymous, readFails, unchanged, writeFails } from "./probes/store.js";

export const PROBES = [
  parallel,
  logout,
  revoked,
  stale,
  openConnection,
  limit,
  forged,
  oldId,
  guard,
  applications,
  firstByte,
  readFails,
  writeFails,
  damaged,
  serverless,
  anonymous,
  unchanged,
  stream,
  twice,
  dates,
  caching,
];
