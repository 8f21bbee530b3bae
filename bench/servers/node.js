/** Bare `node:http`, no session: the floor of everything. */
import { createServer } from "node:http";
import { COUNT_BODY, listen, NONE_BODY, READ_BODY } from "../lib/child.js";

const bodies = new Map([
  ["/", COUNT_BODY(1)],
  ["/read", READ_BODY(1)],
  ["/none", NONE_BODY],
]);

listen(
  createServer((req, res) => {
    const body = bodies.get(req.url);
    if (body === undefined) {
      res.statusCode = 404;
      res.end();
      return;
    }
    res.setHeader("Content-Type", "text/plain; charset=utf-8");
    res.setHeader("Content-Length", Buffer.byteLength(body));
    res.end(body);
  }),
);
