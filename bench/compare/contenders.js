/** Who is compared: a file each in `contenders/`. */
const RIVALS = [
  "express-session",
  "fastify-session",
  "koa-session",
  "hono-sessions",
  "hono-session",
  "iron-session",
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

/** The contender of a file of this folder. */
export async function contender(file) {
  const module = await import(`./contenders/${file}.js`);
  return module.default;
}
