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

describe.each(FRAMEWORKS)("on %s,", (framework) => {
  test.each(STORES)("with sessions in %s, it compiles", async (store) => {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    expect(await run(folderOf(framework, store), process.execPath, [tsc, "-p", "."])).toBe("");
  });
});

test("a mistake in what the session holds does not compile", async () => {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { cpSync, writeFileSync } = await import("node:fs");
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

describe("after npm install,", () => {
  async function installed(framework: string, store: string): Promise<string> {
    const folder = folderOf(framework, store);
    await run(folder, "npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"]);
    return folder;
  }

  /** Everything is green, and no warning was printed. */
  async function isGreen(folder: string, variables: Record<string, string> = {}): Promise<void> {
    const printed = await run(folder, "npm", ["test"], variables);
    expect(printed).toMatch(/^ℹ pass 1\d$/m);
    expect(printed).toMatch(/^ℹ fail 0$/m);
    expect(printed).not.toMatch(/MICROPIE_/);
  }

  test.each([
    ["express", "sqlite"],
    ["fastify", "memory"],
    ["koa", "memory"],
    ["hono", "sqlite"],
    ["app", "sqlite"],
    ["node", "memory"],
  ])("%s with %s: its own tests pass, and it serves until it is stopped", async (framework, store) => {
    const folder = await installed(framework, store);
    expect(await run(folder, "npm", ["run", "--silent", "types"])).toBe("");
    await isGreen(folder);
    const server = new Running(process.execPath, ["--env-file-if-exists=.env", "src/server.ts"], folder, {
      PORT: "0",
      NO_COLOR: "1",
    });
    try {
      const page = await fetch(await server.address());
      expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
      expect(await page.text()).toContain("Nobody is signed in");
    } finally {
      expect(await server.stop()).toBe(0);
    }
  });

  test("what leads to a user's page without one is closed in production too", async () => {
    const folder = folderOf("node", "sqlite");
    const server = new Running(process.execPath, ["src/server.ts"], folder, {
      PORT: "0",
      NODE_ENV: "production",
      DEMO_PASSWORD: "correct horse battery",
    });
    try {
      const url = await server.address();
      const body = new URLSearchParams({ name: "demo", password: "correct horse battery", back: "/devices" });
      const answer = await fetch(new URL("/login", url), { method: "POST", body, redirect: "manual" });
      expect(answer.headers.get("location")).toBe("/devices");
      expect(answer.headers.getSetCookie()[0]).toMatch(/^__Host-session_id=.*; Secure/);
      const closed = await fetch(new URL("/devices", url), { redirect: "manual" });
      expect(closed.headers.get("location")).toBe("/login?back=%2Fdevices");
    } finally {
      expect(await server.stop()).toBe(0);
    }
  });

  describe("with a server,", async () => {
    await onServer("redis", ({ url }) => {
      test("Fastify with Redis: its own tests pass on it", async () => {
        await isGreen(await installed("fastify", "redis"), { REDIS_URL: new URL("/8", url).href });
      });
      test("Koa with Redis: its own tests pass on memory while no server is named", async () => {
        await isGreen(await installed("koa", "redis"));
      });
    });

    await onServer("postgres", ({ url }) => {
      test("Hono with PostgreSQL: its own tests pass on it", async () => {
        const pool = new Pool({ connectionString: url });
        await pool.query("CREATE SCHEMA IF NOT EXISTS created");
        await pool.end();
        const own = new URL(url);
        own.searchParams.set("options", "-c search_path=created");
        await isGreen(await installed("hono", "postgres"), { DATABASE_URL: own.href });
      });
    });
  });
});
