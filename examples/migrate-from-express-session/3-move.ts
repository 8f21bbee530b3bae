// The second deploy: from `MOVE_FROM` on, each session moves with the next request of its browser. Choose a time by which every
// server runs this version. Until then sessions stay in the format that servers of version 2 can read.
import session from "micropie/compat/drop-in";
import { options, serve } from "./app.ts";
import { native, tokenOf, unlessMoved } from "./native.ts";

const moveFrom = Date.parse(process.env.MOVE_FROM ?? "2100-01-01");
const old = unlessMoved(session(options));

serve((req, res, next) => {
  const isMoving = Date.now() >= moveFrom || tokenOf(req) !== undefined;
  return (isMoving ? native : old)(req, res, next);
});
