import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CLAIMS = join(tmpdir(), "micropie-ports");

const claimed: string[] = [];
process.once("exit", () => {
  for (const file of claimed) rmSync(file, { force: true });
});

/**
 * A port that is free, and the one 10,000 above it as well, which Redis Cluster takes for itself. Below the range from
 * which systems take the ports of outgoing connections: there, a client that connects again and again while its server is
 * down can be given the server's own port, connects to itself, and keeps the server from coming back. The port stays this
 * process's until it ends: a server that was killed gets it back, though other test processes look for ports meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 11_000 + Math.floor(Math.random() * 10_000);
    if (claim(port) && (await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

/** Takes a port for this process, by a file with its pid. False if a process that runs has it. */
function claim(port: number): boolean {
  mkdirSync(CLAIMS, { recursive: true });
  const file = join(CLAIMS, String(port));
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
  } catch {
    if (!isStale(file)) return false;
    rmSync(file, { force: true });
    return claim(port);
  }
  claimed.push(file);
  return true;
}

/** Whether the process that made a claim has ended without taking it back. */
function isStale(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return true;
  } catch {
    return false;
  }
}
