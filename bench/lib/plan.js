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
  ...framework("hono", "hono-sessions", { texts: true }),
  ...framework("fastify", "@fastify/session", { texts: true }),
  ...framework("koa", "koa-session"),
  ...framework("express", "express-session"),
];

/**
 * The framework alone, with the session that its users take, and with ours. `texts`: that one also with a store that keeps
 * texts, as every shared store does; the one it brings hands out the same live objects to all requests.
 */
function framework(name, rival, { texts = false } = {}) {
  const file = `${name}.js`;
  const server = (kind, suffix, args, label) => ({
    name: `${name}+${suffix}`,
    file,
    args,
    label: `${name} + ${label}`,
    kind,
    floor: name,
  });
  return [
    { name, file, label: `${name}, no session`, kind: "floor", only: ["count", "read", "none-cookie"] },
    server("rival", "session", ["--session"], rival),
    ...(texts ? [server("rival", "session-texts", ["--session", "--texts"], `${rival} on texts`)] : []),
    server("own", "micropie", ["--micropie"], "micropie"),
  ];
}

/** Which sessions are compared on which framework, by the names of the servers. */
export const LAYERS = SERVERS.filter(({ name }) => name.includes("+session")).map(
  ({ name, floor, label }) => ({
    label,
    floor,
    rival: name,
    own: `${floor}+micropie`,
  }),
);

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
