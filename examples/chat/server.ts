// Runs the chat in two processes, as behind a load balancer: REDIS_URL=redis://localhost:6379 node server.ts
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { tryThis } from "../page.ts";

const port = Number(process.env.PORT ?? 8000);
const ports = [port, Number(process.env.PORT2 ?? port + 1)];
const chat = fileURLToPath(new URL("chat.ts", import.meta.url));

const processes = ports.map((each) =>
  spawn(process.execPath, [chat], {
    env: { ...process.env, PORT: String(each) },
    stdio: ["ignore", "pipe", "inherit"],
  }),
);
for (const child of processes) {
  // One without the other is no example.
  child.on("exit", (code) => {
    for (const other of processes) other.kill();
    process.exitCode = code ?? 1;
  });
}
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    for (const child of processes) child.kill(signal);
  });

await Promise.all(processes.map((child) => once(child.stdout, "data")));
tryThis("The chat", `http://localhost:${ports[0]} and http://localhost:${ports[1]}`, [
  "Open both addresses in two tabs, and sign in with any name: it is one session, in two processes.",
  "Write in one: the other shows it. Sign in with another name in a second browser: both see who is here.",
  "Log out in one tab: the socket of the other tab closes at once, though another process has it.",
]);
