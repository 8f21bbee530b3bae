// `wrangler dev` on the port of the examples. Its data is deleted when it ends; without --persist-to it is kept.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listening, port } from "../serve.js";

const state = mkdtempSync(join(tmpdir(), "micropie-workers-"));
const args = ["dev", "--ip", "localhost", "--port", String(port), "--persist-to", state];
const wrangler = spawn("wrangler", args, {
  env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "true" },
  stdio: ["ignore", "pipe", "inherit"],
  shell: process.platform === "win32",
});
let printed = "";
wrangler.stdout.setEncoding("utf8").on("data", (text) => {
  printed += text;
  if (!printed.includes("Ready on")) return;
  wrangler.stdout.removeAllListeners("data").resume();
  listening("The Worker");
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => wrangler.kill(signal));
process.on("exit", () => {
  wrangler.kill();
  rmSync(state, { recursive: true, force: true, maxRetries: 3 });
});
wrangler.on("exit", (code) => {
  if (!printed.includes("Ready on")) console.error(printed);
  process.exit(code ?? 0);
});
