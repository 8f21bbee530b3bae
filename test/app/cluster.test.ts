import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../_until.ts";

test("the workers of a cluster share a port, and the default back-end warns once that they do not share sessions", async () => {
  const script = fileURLToPath(new URL("_cluster.ts", import.meta.url));
  const child = spawn(process.execPath, ["--no-warnings=ExperimentalWarning", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  onTestFinished(async () => {
    child.stdin.end();
    await ended;
  });
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
  });
  const [port, ...others] = await until(() => {
    const ports = screen.match(/^\d+$/gm) ?? [];
    if (ports.length < 2) throw new Error(`The workers do not listen yet:\n${screen}`);
    return ports;
  });
  expect(others).toEqual([port]);
  const pids = new Set<string>();
  await until(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { Connection: "close" } });
    pids.add(await response.text());
    if (pids.size < 2) throw new Error("Only one worker has answered yet.");
  });
  expect(screen.match(/^warning: .*$/gm)).toEqual(["warning: MICROPIE_MEMORY_BACKEND"]);
});
