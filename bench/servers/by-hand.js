/**
 * `node:http` and a session written by hand on a shared store, the practical floor: Redis with GET and SETEX, or
 * PostgreSQL with a prepared SELECT and a prepared upsert. No promise for requests that overlap.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { COUNT_BODY, listen, MAX_AGE, NONE_BODY, READ_BODY } from "../lib/child.js";
import { postgresPool, redisClient, redisUrl } from "../lib/store.js";

const NAME = "session_id=";
const ID = /^[\w-]{43}$/;

const store = redisUrl === undefined ? await onPostgres() : await onRedis();

async function onRedis() {
  const client = await redisClient();
  return {
    get: (id) => client.get(`hand:${id}`),
    set: (id, text) => client.setEx(`hand:${id}`, MAX_AGE, text),
  };
}

async function onPostgres() {
  const pool = await postgresPool();
  await pool.query(
    "CREATE TABLE IF NOT EXISTS by_hand (id text PRIMARY KEY, data text NOT NULL, expires_at timestamptz)",
  );
  const get = "SELECT data FROM by_hand WHERE id = $1 AND expires_at > now()";
  const set = `INSERT INTO by_hand VALUES ($1, $2, now() + interval '${MAX_AGE} seconds')
    ON CONFLICT (id) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`;
  return {
    get: async (id) => (await pool.query({ name: "get", text: get, values: [id] })).rows[0]?.data,
    set: (id, text) => pool.query({ name: "set", text: set, values: [id, text] }),
  };
}

function idOf(req) {
  const header = req.headers.cookie;
  if (header === undefined) return undefined;
  let at = header.indexOf(NAME);
  while (at > 0 && header[at - 1] !== " " && header[at - 1] !== ";") at = header.indexOf(NAME, at + 1);
  if (at === -1) return undefined;
  const end = header.indexOf(";", at);
  const id = header.slice(at + NAME.length, end === -1 ? undefined : end).trim();
  return ID.test(id) ? id : undefined;
}

async function load(req) {
  const id = idOf(req);
  const text = id === undefined ? null : await store.get(id);
  return text == null ? { id: undefined, data: {} } : { id, data: JSON.parse(text) };
}

const routes = new Map([
  [
    "/",
    async (req, res) => {
      const found = await load(req);
      const { data } = found;
      const id = found.id ?? randomBytes(32).toString("base64url");
      if (found.id === undefined)
        res.setHeader("Set-Cookie", `${NAME}${id}; Path=/; Max-Age=${MAX_AGE}; HttpOnly; SameSite=Lax`);
      data.visits = (data.visits ?? 0) + 1;
      await store.set(id, JSON.stringify(data));
      return COUNT_BODY(data.visits);
    },
  ],
  ["/read", async (req) => READ_BODY((await load(req)).data.visits ?? 0)],
  ["/none", () => NONE_BODY],
]);

listen(
  createServer(async (req, res) => {
    const route = routes.get(req.url);
    if (!route) {
      res.statusCode = 404;
      res.end();
      return;
    }
    const body = await route(req, res);
    res.setHeader("Content-Type", "text/plain; charset=utf-8");
    res.setHeader("Content-Length", Buffer.byteLength(body));
    res.end(body);
  }),
);
