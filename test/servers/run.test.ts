import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { until } from "../_until.ts";
import { onServer } from "./on-server.ts";
import { childrenOf, isRunning } from "./processes.ts";

/** Starts vitest on fixture/needs-redis.ts. */
function vitest(env: Record<string, string>): Run {
  const script = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
  const config = fileURLToPath(new URL("fixture/vitest.config.ts", import.meta.url));
  return run([script, "run", "--config", config, "--reporter=verbose"], env);
}

interface Run {
  readonly child: ChildProcess;
  /** All that it has written. */
  output(): string;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
}

function run(args: readonly string[], env: Record<string, string> = {}): Run {
  const { CI: _, VITEST: __, ...clean } = process.env;
  const child = spawn(process.execPath, args, {
    env: { ...clean, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  }
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, output: () => text, ended };
}

/** The servers that a run says it has, once it has them. */
async function serversOf({ output }: Run): Promise<number[]> {
  const pids = await until(async () => {
    const [, found] = output().match(/running: ([\d ]+)\./) ?? [];
    if (found === undefined) throw new Error(`It has no servers yet:\n${output()}`);
    return found;
  });
  return pids.trim().split(" ").map(Number);
}

async function areGone(pids: readonly number[]): Promise<void> {
  await until(async () => {
    const left = pids.filter(isRunning);
    if (left.length > 0) throw new Error(`Still there: ${left}`);
  });
}

describe("without a server", () => {
  test("its tests are skipped, and their title is the command that installs it", async () => {
    const { ended, output } = vitest({ TEST_SERVERS: "none" });
    expect(await ended).toBe(0);
    expect(output()).toMatch(/redis is not here; to run these tests: .*install .*redis/);
    expect(output()).toMatch(/1 skipped/);
  });

  test("with CI=true its tests fail, and the error has the command", async () => {
    const { ended, output } = vitest({ TEST_SERVERS: "none", CI: "true" });
    expect(await ended).toBe(1);
    expect(output()).toMatch(/There is no redis here. To run its tests: .*install .*redis/);
  });
});

await onServer("redis", () => {
  describe("a run of the tests", () => {
    test("starts the server and stops it, even if a test fails", async () => {
      const tests = vitest({ FAIL: "1" });
      const pids = await serversOf(tests);
      expect(await tests.ended).toBe(1);
      expect(tests.output()).toMatch(/1 failed \| 1 passed/);
      await areGone(pids);
    });

    test("that is interrupted by Ctrl-C stops it too", async () => {
      const tests = vitest({ GO_ON: "1" });
      const pids = await serversOf(tests);
      tests.child.kill("SIGINT");
      await tests.ended;
      await areGone(pids);
    });
  });
});

await onServer("postgres", () => {
  test("a run that is killed leaves no server, process or folder behind", async () => {
    const tests = vitest({ GO_ON: "1", OWN_SERVER: "1" });
    const pids = await serversOf(tests);
    const family = pids.flatMap(childrenOf);
    expect(pids.length).toBe(2);
    expect(family.length).toBeGreaterThan(3);
    tests.child.kill("SIGKILL");
    await areGone([...pids, ...family]);
    const [, folder] = tests.output().match(/folder: (\S+)\./) ?? [];
    await until(async () => expect(existsSync(folder!)).toBe(false));
  });
});

describe("npm run servers", () => {
  const script = fileURLToPath(new URL("start.ts", import.meta.url));

  test("--help tells the names", async () => {
    const { ended, output } = run([script, "--help"]);
    expect(await ended).toBe(0);
    expect(output()).toMatch(/redis-cluster, postgres, pgbouncer, mariadb, memcached/);
  });

  test("an unknown name is an error that lists the known ones", async () => {
    const { ended, output } = run([script, "redis", "oracle"]);
    expect(await ended).toBe(1);
    expect(output()).toBe(
      'There is no server "oracle". Names: redis, redis-cluster, postgres, pgbouncer, mariadb, memcached, nginx, prometheus.\n',
    );
  });

  test("a missing server is printed with the command that installs it", async () => {
    const { ended, output } = run([script, "mariadb"], { TEST_SERVERS: "none" });
    expect(await ended).toBe(1);
    expect(output()).toMatch(/^mariadb +not here; to have it: .*install .*mariadb/);
  });
});

await onServer("memcached", () => {
  test("npm run servers starts the named servers and stops them at Ctrl-C", async () => {
    const cli = run([fileURLToPath(new URL("start.ts", import.meta.url)), "memcached", "redis"]);
    await until(async () => {
      if (!cli.output().includes("Ctrl-C")) throw new Error(`Not yet:\n${cli.output()}`);
    });
    expect(cli.output()).toMatch(/^memcached +127\.0\.0\.1:\d+$/m);
    expect(cli.output()).toMatch(/^redis +redis:\/\/127\.0\.0\.1:\d+$/m);
    const pids = childrenOf(cli.child.pid!);
    // Each server and its watchdog.
    expect(pids.length).toBe(4);
    cli.child.kill("SIGINT");
    expect(await cli.ended).toBe(0);
    expect(cli.output()).toMatch(/Stopped\.\n$/);
    await areGone(pids);
  });
});
