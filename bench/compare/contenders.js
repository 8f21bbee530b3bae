/** Who is compared: a file each in `contenders/`. */
const RIVALS = [
  "express-session",
  "connect-redis",
  "connect-pg-simple",
  "fastify-session",
  "koa-session",
  "hono-sessions",
  "hono-session",
  "react-router",
  "remix-session",
  "adonis-session",
  "astro-session",
  "better-auth",
  "better-auth-cached",
  "auth-js",
  "iron-session",
  "fastify-secure-session",
  "h3-session",
  "nuxt-auth-utils",
];

export const OURS = [
  "app",
  "node",
  "fetch",
  "express",
  "express4",
  "fastify",
  "koa",
  "hono",
  "h3",
  "elysia",
  "compat",
];

export const FILES = [...RIVALS, ...OURS];

/** What the README has room for. */
export const HEADLINES = {
  contenders: [
    "express-session",
    "fastify-session",
    "koa-session",
    "react-router",
    "adonis-session",
    "astro-session",
    "better-auth",
    "auth-js",
    "iron-session",
  ],
  probes: [
    "parallel writes",
    "logout and save",
    "ended elsewhere",
    "open connection",
    "old id",
    "guard",
    "first byte",
    "read fails",
    "write fails",
    "damaged record",
    "serverless",
    "caches",
  ],
};

/** The contender of a file of this folder. */
export async function contender(file) {
  const module = await import(`./contenders/${file}.js`);
  return module.default;
}
