/**
 * `node:http` and a session written by hand: a Map of live objects, a random id, sliding expiry. It is what a careful
 * person writes in half an hour, without any promise for requests that overlap, and so the practical floor.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { COUNT_BODY, listen, MAX_AGE, NONE_BODY, READ_BODY } from "../lib/child.js";

const NAME = "session_id=";
const ID = /^[\w-]{43}$/;
const sessions = new Map();

function cookieValue(header) {
  let at = header.indexOf(NAME);
  while (at > 0 && header[at - 1] !== " " && header[at - 1] !== ";") at = header.indexOf(NAME, at + 1);
  if (at === -1) return undefined;
  const end = header.indexOf(";", at);
  return header.slice(at + NAME.length, end === -1 ? undefined : end).trim();
}

function find(req) {
  const header = req.headers.cookie;
  const id = header && cookieValue(header);
  if (!id || !ID.test(id)) return undefined;
  const entry = sessions.get(id);
  if (!entry) return undefined;
  const now = Date.now();
  if (entry.expires <= now) {
    sessions.delete(id);
    return undefined;
  }
  entry.expires = now + MAX_AGE * 1000;
  return entry.data;
}

function create(res) {
  const id = randomBytes(32).toString("base64url");
  const data = {};
  sessions.set(id, { data, expires: Date.now() + MAX_AGE * 1000 });
  res.setHeader("Set-Cookie", `${NAME}${id}; Path=/; Max-Age=${MAX_AGE}; HttpOnly; SameSite=Lax`);
  return data;
}

const routes = new Map([
  [
    "/",
    (req, res) => {
      const data = find(req) ?? create(res);
      data.visits = (data.visits ?? 0) + 1;
      return COUNT_BODY(data.visits);
    },
  ],
  ["/read", (req) => READ_BODY(find(req)?.visits ?? 0)],
  ["/none", () => NONE_BODY],
]);

listen(
  createServer((req, res) => {
    const route = routes.get(req.url);
    if (!route) {
      res.statusCode = 404;
      res.end();
      return;
    }
    const body = route(req, res);
    res.setHeader("Content-Type", "text/plain; charset=utf-8");
    res.setHeader("Content-Length", Buffer.byteLength(body));
    res.end(body);
  }),
);
