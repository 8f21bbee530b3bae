/** What the figures were taken on: CPU, Node and package versions. */
import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";

const PACKAGES = [
  "express",
  "express-session",
  "fastify",
  "@fastify/session",
  "koa",
  "koa-session",
  "hono",
  "@hono/node-server",
  "hono-sessions",
  "autocannon",
  "micropie",
];

export function machine() {
  return {
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release().replace(/-.*$/, "")}`,
    node: process.versions.node,
  };
}

/** Of the packages that every bench uses, and of `more`. */
export function versions(more = []) {
  const found = {};
  for (const name of [...PACKAGES, ...more]) {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    found[name] = JSON.parse(readFileSync(file, "utf8")).version;
  }
  return found;
}
