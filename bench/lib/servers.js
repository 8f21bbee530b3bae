/** Starts and ends server processes, each on CPU 0 where `taskset` is available; everything else runs on CPU 1. */
import { spawn, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

const BENCH = fileURLToPath(new URL("..", import.meta.url));
const SERVER_CPU = "0";
const GENERATOR_CPU = "1";

/** Moves this process (the load generator) to its own CPU. Answers whether pinning works here. */
export function pin() {
  if (availableParallelism() < 2) return false;
  return spawnSync("taskset", ["-a", "-c", "-p", GENERATOR_CPU, String(process.pid)]).status === 0;
}

/** Runs a script of the bench, or of another checkout's `bench`, with a message channel; `pinned` puts it on the servers' CPU. */
export function run(file, args, { pinned = false, nodeArgs = [], bench = BENCH } = {}) {
  const script = `${bench}/${file}`;
  const command = [process.execPath, ...nodeArgs, script, ...args];
  if (pinned) command.unshift("taskset", "-c", SERVER_CPU);
  const child = spawn(command[0], command.slice(1), {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { ...process.env, NODE_ENV: "production" },
  });
  child.errors = "";
  child.stderr.on("data", (text) => {
    child.errors = (child.errors + text).slice(-4000);
  });
  return child;
}

/** The next message of a child; rejects with its error output if it ends first. */
export function answer(child, name) {
  return new Promise((resolve, reject) => {
    const exited = (code) => reject(new Error(`${name} ended with code ${code}:\n${child.errors}`));
    child.once("close", exited);
    child.once("message", (message) => {
      child.off("close", exited);
      resolve(message);
    });
  });
}

/** Starts a server of the plan. Answers its port, a reader of its CPU time (µs) and what ends it. */
export async function start(server, pinned) {
  const child = run(`servers/${server.file}`, server.args ?? [], { pinned, bench: server.bench });
  const { port } = await answer(child, server.name);
  return {
    port,
    usage() {
      const usage = answer(child, server.name);
      child.send("usage");
      return usage;
    },
    stop() {
      if (child.exitCode !== null || child.signalCode !== null) return undefined;
      const closed = new Promise((resolve) => child.once("exit", resolve));
      child.disconnect();
      return closed;
    },
  };
}
