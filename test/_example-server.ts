import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort } from "./_port.ts";

/** An example that runs as `npm start` in its folder runs it. */
export interface ExampleServer {
  readonly url: string;
  /** What it has printed until it listened. */
  readonly screen: string;
  stop(): Promise<void>;
}

/** Starts an example of this name on a free port; waits until it says where it listens, `seconds` at most. */
export async function startExample(
  name: string,
  { env = {}, seconds = 400 }: { env?: Record<string, string>; seconds?: number } = {},
): Promise<ExampleServer> {
  // An example would run it itself, and take away the packages of the tests that run.
  if (changed("package-lock.json") > changed("node_modules/.package-lock.json"))
    throw new Error("node_modules is older than package-lock.json. Run: npm ci");
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOn(await freePort(), name, env, seconds);
    } catch (error) {
      // Another process may have been faster.
      if (attempt === 5 || !String(error).includes("EADDRINUSE")) throw error;
    }
  }
}

function changed(path: string): number {
  return statSync(new URL(`../${path}`, import.meta.url)).mtimeMs;
}

async function startOn(
  port: number,
  name: string,
  env: Record<string, string>,
  seconds: number,
): Promise<ExampleServer> {
  const server = spawn(process.execPath, ["../start.js"], {
    cwd: fileURLToPath(new URL(`../examples/${name}`, import.meta.url)),
    env: { ...process.env, PORT: String(port), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let screen = "";
  const listening = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} does not listen:\n${screen}`)), seconds * 1000);
    const see = (text: Buffer): void => {
      screen += text;
      if (!screen.includes("Ctrl+C")) return;
      clearTimeout(timer);
      resolve();
    };
    server.stdout.on("data", see);
    server.stderr.on("data", see);
    server.on("close", (code) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended with ${code}:\n${screen}`));
    });
  });
  try {
    await listening;
  } catch (error) {
    await stop(server);
    throw error;
  }
  return { url: `http://localhost:${port}`, screen, stop: () => stop(server) };
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, "exit");
  server.kill("SIGTERM");
  await exited;
}
