import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

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
  { env = {}, seconds = 60 }: { env?: Record<string, string>; seconds?: number } = {},
): Promise<ExampleServer> {
  const folder = fileURLToPath(new URL(`../examples/${name}`, import.meta.url));
  const port = await freePort();
  const server = spawn(process.execPath, ["../start.js"], {
    cwd: folder,
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
    server.on("exit", (code) => {
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
  server.removeAllListeners("exit");
  const exited = once(server, "exit");
  server.kill("SIGTERM");
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
