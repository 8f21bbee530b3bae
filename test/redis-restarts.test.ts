import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocksOf, isTypeScript, read } from "./_blocks.ts";
import { files } from "./_claims.ts";
import { ensureDist, Running, root } from "./_command.ts";
import { exampleVisitor } from "./_example-visitor.ts";
import { freePort } from "./_port.ts";
import { until } from "./_until.ts";
import { startRedis } from "./servers/redis.ts";

/** A server around a snippet that makes `sessions`. */
const AROUND = `
import { createServer as _createServer } from "node:http";
import { nodeSessions as _nodeSessions } from "micropie/adapters/node";
_createServer(
  _nodeSessions(sessions, (req, res) => {
    req.session.count = (req.session.count ?? 0) + 1;
    res.end(String(req.session.count));
  }),
).listen(Number(process.env.PORT), "localhost");
`;
const WITH_IOREDIS = `
import { createSessions } from "micropie";
import { RedisSessionBackend } from "micropie/backends/redis";
const sessions = createSessions({ backend: new RedisSessionBackend(client) });
${AROUND}`;

/** How each is run: what is added to a snippet; for an example, how a visit is counted, and by which program. */
type Way =
  | { readonly add: string }
  | { readonly programs: readonly string[]; readonly count: "GET /" | "POST /count" };
const WAYS: Readonly<Record<string, Way>> = {
  "docs/backends/redis.md, redis": { add: AROUND },
  "docs/backends/redis.md, ioredis": { add: WITH_IOREDIS },
  "examples/shared-store.ts, redis": { programs: ["shared-store.ts"], count: "GET /" },
  // Its first version is express-session alone.
  "examples/migrate-from-express-session/app.ts, redis": {
    programs: ["2-compat.ts", "3-move.ts", "4-home.ts"].map((name) => `migrate-from-express-session/${name}`),
    count: "POST /count",
  },
};

/** Two processes at once; test/example-chat.test.ts drives them. */
const CHAT = /^examples\/chat\//;

/** What connects to Redis: the blocks of the pages that are no parts of a file, and the examples. */
const found = [
  ...files("{*.md,docs/**/*.md,examples/**/*.md}").flatMap((page) =>
    blocksOf(page)
      .filter(({ language, partOf }) => isTypeScript(language) && partOf === undefined)
      .map(({ code }) => ({ place: page, code })),
  ),
  ...files("examples/**/*.{ts,js}").map((place) => ({ place, code: read(place) })),
].flatMap(({ place, code }) => {
  const client = /\b(?:createClient|createClientPool|createCluster|createSentinel)\(/.test(code)
    ? "redis"
    : "ioredis";
  const connects = client === "redis" || /new (?:Redis|Cluster)\(/.test(code);
  return connects && !CHAT.test(place) ? [{ name: `${place}, ${client}`, code }] : [];
});

const folder = join(root, ".tmp/redis-restarts");
beforeAll(() => {
  ensureDist();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("every snippet and example that connects to Redis is run here", () => {
  expect(found.map(({ name }) => name).sort()).toEqual(Object.keys(WAYS).sort());
});

describe.each(found)("$name:", ({ name, code }) => {
  const way = WAYS[name]!;
  const programs = "add" in way ? [join(folder, `${name.replace(/\W+/g, "-")}.ts`)] : way.programs;

  test.each(programs)("%s lives while Redis restarts, answers 503, and recovers", async (program) => {
    const redis = await startRedis();
    const PORT = String(await freePort());
    if ("add" in way) writeFileSync(program, aimed(code, redis.url) + way.add);
    const path = "add" in way ? program : join(root, "examples", program);
    const loaded = ["--import", new URL("_from-source.ts", import.meta.url).href];
    const variables = { PORT, REDIS_URL: redis.url, MOVE_FROM: "2020-01-01" };
    const server = new Running(process.execPath, [...loaded, path], root, variables);
    try {
      const carried = isCarriedThrough(`http://localhost:${PORT}`, "add" in way ? "GET /" : way.count, redis);
      await Promise.race([carried, server.ended]);
      expect(server.process.exitCode).toBe(null);
    } catch (error) {
      throw new Error(`The server printed:\n${server.all.slice(-3000)}`, { cause: error });
    } finally {
      await server.stop();
      await redis.stop();
    }
  });
});

/** A snippet with the address of the test's Redis. */
function aimed(code: string, url: string): string {
  const to = code
    .replace("redis://localhost:6379", url)
    .replace("new Redis({", `new Redis(${JSON.stringify(url)}, {`);
  if (!to.includes(url)) throw new Error(`The snippet has no address to replace:\n${code}`);
  return to;
}

async function isCarriedThrough(
  url: string,
  count: "GET /" | "POST /count",
  redis: { kill(): Promise<void>; restart(): Promise<void> },
): Promise<void> {
  const { get, post } = exampleVisitor(url);
  const ask = () => (count === "GET /" ? get("/") : post("/count"));
  const visits = async () => {
    const answer = await ask();
    expect(answer.status).toBe(200);
    return Number(/\b\d+(?= times)|(?<="count":)\d+|^\d+$/.exec(await answer.text())![0]);
  };
  await until(async () => expect(await visits()).toBeGreaterThan(0));
  const before = await visits();
  expect(before).toBeGreaterThan(1);

  await redis.kill();
  const answers = await Promise.all([ask(), ask(), ask()]);
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);

  await redis.restart();
  const after = await until(visits);
  expect(after).toBeGreaterThan(before);
}
