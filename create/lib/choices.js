// What can be chosen. A key is what the flag takes, and the name of a folder of templates.

/** @typedef {{ readonly title: string, readonly hint: string, readonly layers: readonly string[] }} Framework */
/**
 * @typedef {object} Store
 * @property {string} title
 * @property {string} hint
 * @property {string} note What the README says of it.
 * @property {string} production What it adds to what has to be done before production.
 * @property {string} docker Lines of the Dockerfile.
 * @property {readonly (readonly [name: string, value: string, about: string])[]} variables
 * @property {boolean} isServer Whether .env names a server.
 */

/** @type {Readonly<Record<string, Framework>>} */
export const FRAMEWORKS = {
  express: { title: "Express", hint: "Express 5", layers: ["node-server", "frameworks/express"] },
  fastify: { title: "Fastify", hint: "Fastify 5", layers: ["frameworks/fastify"] },
  koa: { title: "Koa", hint: "Koa 3", layers: ["node-server", "frameworks/koa"] },
  hono: { title: "Hono", hint: "Hono 4, on Node", layers: ["node-server", "frameworks/hono"] },
  app: { title: "App", hint: "the small framework of micropie", layers: ["frameworks/app"] },
  node: { title: "node:http", hint: "no framework", layers: ["node-server", "frameworks/node"] },
};

const SERVER_NOTE = (/** @type {string} */ name, /** @type {string} */ variable) =>
  `\`npm run dev\` needs ${name} at the address \`${variable}\` in \`.env\`. \`npm test\` uses memory, unless \`${variable}\` is set.`;

const REACHED = (/** @type {string} */ variable) =>
  `\n- In a container, \`localhost\` is the container: give \`${variable}\` an address that it can reach.`;

/** @type {Readonly<Record<string, Store>>} */
export const STORES = {
  sqlite: {
    title: "SQLite",
    hint: "a file, for one machine; no server",
    note: "Sessions are in the file `sessions.sqlite`, and survive a restart.",
    production:
      "\n- The container keeps its sessions in the volume `/data`: name one with `-v sessions:/data`.",
    docker: "RUN mkdir /data && chown node /data\nVOLUME /data\nENV SESSIONS_FILE=/data/sessions.sqlite\n",
    variables: [["SESSIONS_FILE", "sessions.sqlite", "the file of the sessions"]],
    isServer: false,
  },
  memory: {
    title: "memory",
    hint: "gone at a restart; for development",
    note: "Sessions are in memory: a restart signs everybody out.",
    production:
      "\n- Choose a store that survives a restart and that several processes share: `src/store.ts` is the one place.",
    docker: "",
    variables: [],
    isServer: false,
  },
  redis: {
    title: "Redis",
    hint: "Redis or Valkey, for any number of machines",
    note: SERVER_NOTE("Redis", "REDIS_URL"),
    production: `${REACHED("REDIS_URL")}\n- Redis may not evict sessions: \`maxmemory-policy noeviction\`.`,
    docker: "",
    variables: [["REDIS_URL", "redis://localhost:6379", "the server of the sessions"]],
    isServer: true,
  },
  postgres: {
    title: "PostgreSQL",
    hint: "for any number of machines",
    note: SERVER_NOTE("PostgreSQL", "DATABASE_URL"),
    production: REACHED("DATABASE_URL"),
    docker: "",
    variables: [["DATABASE_URL", "postgres://localhost:5432/postgres", "the database of the sessions"]],
    isServer: true,
  },
};

/** What `--yes` takes where nothing is said. */
export const DEFAULTS = { folder: "micropie-app", framework: "express", store: "sqlite" };
