import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Running, root } from "../_command.ts";
import { onServer } from "../servers/on-server.ts";
import { openProjects, type Projects, run } from "./_projects.ts";

const FRAMEWORKS = ["express", "fastify", "koa", "hono", "app", "node"];
const STORES = ["memory", "sqlite", "redis", "postgres"];

let projects: Projects;
/** Where each project is, by framework and store. */
const folders = new Map<string, string>();
beforeAll(async () => {
  projects = await openProjects();
  for (const framework of FRAMEWORKS)
    for (const store of STORES) folders.set(`${framework} ${store}`, await projects.write(framework, store));
});
afterAll(() => projects.remove());

const folderOf = (framework: string, store: string) => folders.get(`${framework} ${store}`)!;

const tsc = join(root, "node_modules/typescript/bin/tsc");

test.each(FRAMEWORKS)("on %s, with each store, it compiles", async (framework) => {
  const said = await Promise.all(
    STORES.map((store) => run(folderOf(framework, store), process.execPath, [tsc, "-p", "."])),
  );
  expect(said).toEqual(STORES.map(() => ""));
});

test("a mistake in what the session holds does not compile", async () => {
  const wrong = join(projects.folder, "wrong");
  cpSync(folderOf("express", "memory"), wrong, { recursive: true });
  writeFileSync(
    join(wrong, "src/wrong.ts"),
    'import type { Request } from "express";\nexport const wrong = ({ session }: Request) => (session.device = 1);\n',
  );
  await expect(run(wrong, process.execPath, [tsc, "-p", "."])).rejects.toThrow(
    "Type 'number' is not assignable to type 'string'",
  );
});

/** A combination for each framework, in which each store is. Those of a server use memory while none is named. */
const INSTALLED = [
  ["express", "sqlite"],
  ["fastify", "redis"],
  ["koa", "memory"],
  ["hono", "postgres"],
  ["app", "sqlite"],
  ["node", "memory"],
] as const;

/** Runs a project's own tests, which all have to pass without a warning of micropie. */
async function runsGreen(folder: string, variables: Record<string, string> = {}): Promise<void> {
  const printed = await run(folder, "npm", ["test"], variables);
  expect(printed).toMatch(/^ℹ pass 10$/m);
  expect(printed).toMatch(/^ℹ fail 0$/m);
  expect(printed).not.toMatch(/MICROPIE_/);
}

/** Starts a project, and stops it in the end: it has to answer the signal by itself. */
async function serving(
  folder: string,
  variables: Record<string, string>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = new Running(process.execPath, ["src/server.ts"], folder, {
    PORT: "0",
    NO_COLOR: "1",
    ...variables,
  });
  let code: number | NodeJS.Signals | null;
  try {
    await use(await server.address());
  } finally {
    code = await server.stop();
  }
  expect(code, server.all).toBe(0);
}

describe("after npm install", () => {
  test.each(INSTALLED)("%s with %s: its types and tests are right", async (framework, store) => {
    const folder = folderOf(framework, store);
    await run(folder, "npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"]);
    expect(await run(folder, "npm", ["run", "--silent", "types"])).toBe("");
    await runsGreen(folder);
  });

  test.each(INSTALLED.filter(([, store]) => store === "sqlite" || store === "memory"))(
    "%s with %s: it serves in production until it is stopped",
    async (framework, store) => {
      const variables = { NODE_ENV: "production", DEMO_PASSWORD: "correct horse battery" };
      await serving(folderOf(framework, store), variables, async (url) => {
        const page = await fetch(url);
        expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
        const form = { name: "demo", password: variables.DEMO_PASSWORD, back: "/devices" };
        const body = new URLSearchParams(form);
        const answer = await fetch(new URL("/login", url), { method: "POST", body, redirect: "manual" });
        expect(answer.headers.get("location")).toBe("/devices");
        expect(answer.headers.getSetCookie()[0]).toMatch(/^__Host-session_id=.*; Secure/);
        const closed = await fetch(new URL("/devices", url), { redirect: "manual" });
        expect(closed.headers.get("location")).toBe("/login?back=%2Fdevices");
      });
    },
  );

  describe("with a server,", async () => {
    await onServer("redis", ({ url }) => {
      test("its own tests pass on Redis, and it serves and stops", async () => {
        const variables = { REDIS_URL: new URL("/8", url).href };
        await runsGreen(folderOf("fastify", "redis"), variables);
        await serving(folderOf("fastify", "redis"), variables, async (address) => {
          expect((await fetch(address)).status).toBe(200);
        });
      });
    });

    await onServer("postgres", ({ url }) => {
      test("its own tests pass on PostgreSQL, and it serves and stops", async () => {
        const pool = new Pool({ connectionString: url });
        await pool.query("CREATE SCHEMA IF NOT EXISTS created");
        await pool.end();
        const own = new URL(url);
        own.searchParams.set("options", "-c search_path=created");
        await runsGreen(folderOf("hono", "postgres"), { DATABASE_URL: own.href });
        await serving(folderOf("hono", "postgres"), { DATABASE_URL: own.href }, async (address) => {
          expect((await fetch(address)).status).toBe(200);
        });
      });
    });
  });
});
