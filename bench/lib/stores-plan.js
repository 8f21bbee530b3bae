/** What the bench of the shared stores measures. `{redis}` and `{postgres}` in `args` become addresses. */

const REDIS = "--redis={redis}";
const POSTGRES = "--postgres={postgres}";

export const SERVERS = [
  { name: "node", file: "node.js", label: "node:http, no session", kind: "floor" },
  {
    name: "hand redis",
    file: "by-hand.js",
    args: [REDIS],
    label: "node:http + GET and SETEX by hand",
    kind: "hand",
    store: "redis",
  },
  {
    name: "hand redis tuned",
    file: "by-hand.js",
    args: [REDIS, "--tuned"],
    label: "the same, without the client's timer for each command",
    kind: "hand",
    store: "redis",
  },
  {
    name: "micropie redis",
    file: "micropie-node.js",
    args: [REDIS],
    label: "micropie, node adapter, Redis",
    kind: "own",
    store: "redis",
  },
  {
    name: "fastify redis",
    file: "fastify.js",
    args: ["--session", REDIS],
    label: "fastify + @fastify/session + connect-redis",
    kind: "rival",
    store: "redis",
  },
  {
    name: "express redis",
    file: "express.js",
    args: ["--session", REDIS],
    label: "express + express-session + connect-redis",
    kind: "rival",
    store: "redis",
  },
  {
    name: "hand postgres",
    file: "by-hand.js",
    args: [POSTGRES],
    label: "node:http + prepared SELECT and upsert by hand",
    kind: "hand",
    store: "postgres",
  },
  {
    name: "micropie postgres",
    file: "micropie-node.js",
    args: [POSTGRES],
    label: "micropie, node adapter, PostgreSQL",
    kind: "own",
    store: "postgres",
  },
  {
    name: "express postgres",
    file: "express.js",
    args: ["--session", POSTGRES],
    label: "express + express-session + connect-pg-simple",
    kind: "rival",
    store: "postgres",
  },
];

export const LOADS = [
  { name: "count-1000", path: "/", cookies: 1000, label: "counts, 1,000 sessions" },
  { name: "count", path: "/", cookies: 1, label: "counts, one session" },
  { name: "read", path: "/read", cookies: 1000, label: "reads only, 1,000 sessions" },
  { name: "read-anonymous", path: "/read", cookies: 0, label: "reads only, no cookie" },
];
