/** What is measured: the servers and the loads. */

/** `floor` names the same framework without a session; `only` limits a server to some loads. */
export const SERVERS = [
  { name: "node", file: "node.js", label: "node:http, no session", kind: "floor" },
  { name: "node+map", file: "node-map.js", label: "node:http + a Map by hand", kind: "hand", floor: "node" },
  {
    name: "micropie node",
    file: "micropie-node.js",
    label: "micropie, node adapter",
    kind: "own",
    floor: "node",
  },
  { name: "micropie app", file: "micropie-app.js", label: "micropie, App", kind: "own", floor: "node" },
  {
    name: "micropie app sqlite",
    file: "micropie-app.js",
    args: ["--sqlite"],
    label: "micropie, App on a SQLite file",
    kind: "own",
    floor: "node",
  },
  ...rival("hono", "hono + hono-sessions"),
  ...rival("fastify", "fastify + @fastify/session"),
  ...rival("koa", "koa + koa-session"),
  ...rival("express", "express + express-session"),
];

function rival(name, label) {
  const file = `${name}.js`;
  return [
    { name, file, label: `${name}, no session`, kind: "floor", only: ["count", "none-cookie"] },
    { name: `${name}+session`, file, args: ["--session"], label, kind: "rival", floor: name },
  ];
}

/** `cookies`: how many sessions the requests are spread over; 0 sends no cookie. */
export const LOADS = [
  { name: "count", path: "/", cookies: 1, label: "counts, one session" },
  { name: "count-1000", path: "/", cookies: 1000, label: "counts, 1,000 sessions" },
  { name: "read", path: "/read", cookies: 1, label: "reads only" },
  { name: "read-anonymous", path: "/read", cookies: 0, label: "reads only, no cookie" },
  { name: "none-cookie", path: "/none", cookies: 1, label: "never looks at the session, cookie sent" },
  { name: "none", path: "/none", cookies: 0, label: "never looks at the session, no cookie" },
];

export const CONNECTIONS = 32;
