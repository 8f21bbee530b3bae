import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { exampleCases } from "./_example-cases.ts";

const folder = fileURLToPath(new URL("../examples", import.meta.url));
/** Which examples are this little application; the ones with packages of their own are in test/guides and test/runtimes. */
const APPS = ["elysia", "express", "fastify", "h3", "hono", "koa", "node"];

test("each example with a server of its own is driven here, or says where", () => {
  const elsewhere = [
    "account",
    "bun",
    "chat",
    "deno",
    "express-passport",
    "migrate-from-express-session",
    "nest",
    "next",
    "observed",
  ].concat([
    "node_modules",
    "operators",
    "react-router",
    "recipes",
    "serverless",
    "single-sign-on",
    "static",
    "sveltekit",
    "visit-counter",
    "workers",
  ]);
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).filter((name) => !elsewhere.includes(name))).toEqual(APPS);
});

describe.each(APPS)("%s", (name) => exampleCases(name));
