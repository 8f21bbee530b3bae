/**
 * The probes, in the order of the table. Each has a name, the promise that it tries, the rule by which it decides, and
 * `run(site)`.
 */
import { dates, firstByte, stream } from "./probes/answers.js";
import { caching, forged, twice } from "./probes/cookies.js";
import { logout, parallel } from "./probes/overlap.js";
import { anonymous, readFails, unchanged, writeFails } from "./probes/store.js";

export const PROBES = [
  parallel,
  logout,
  forged,
  firstByte,
  readFails,
  writeFails,
  anonymous,
  unchanged,
  stream,
  twice,
  dates,
  caching,
];
