import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureDist } from "./_command.ts";
import { freePort } from "./_port.ts";
import { onServer } from "./servers/on-server.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const children: ChildProcess[] = [];
beforeAll(ensureDist);
afterAll(() => {
  for (const child of children) child.kill();
});

/** The example as a user starts it: a process of its own, on the built package. Answers its address. */
async function start(variables: Record<string, string>): Promise<string> {
  const PORT = String(await freePort());
  const child = spawn(process.execPath, ["examples/shared-store.ts"], {
    cwd: root,
    env: { ...process.env, PORT, ...variables },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [line] = (await once(child.stdout!, "data")) as [Buffer];
  return line.toString().trim();
}

async function ask(url: string, cookie = ""): Promise<{ text: string; cookie: string }> {
  const response = await fetch(url, { headers: { cookie } });
  const set = response.headers.getSetCookie()[0]?.split(";", 1)[0];
  return { text: await response.text(), cookie: set ?? cookie };
}

/** Two servers of the example know the same visitor, and a logout at one is a logout at the other. */
async function twoServers(variables: Record<string, string>): Promise<void> {
  const [one, other] = await Promise.all([start(variables), start(variables)]);
  const first = await ask(one!);
  expect(first.text).toContain("visited 1 times");
  expect((await ask(other!, first.cookie)).text).toContain("visited 2 times");
  expect((await ask(one!, first.cookie)).text).toContain("visited 3 times");
  await ask(new URL("/logout", other).href, first.cookie);
  expect((await ask(one!, first.cookie)).text).toContain("visited 1 times");
}

await onServer("redis", ({ url }) => {
  test("the example with two servers on one Redis", () => twoServers({ REDIS_URL: url }));
});
await onServer("postgres", ({ url }) => {
  test("the example with two servers on one PostgreSQL", () => twoServers({ POSTGRES_URL: url }));
});
