import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { listening, port, url } from "../serve.js";

const cli = createRequire(import.meta.url).resolve("@react-router/serve/package.json");
Object.assign(process.env, { NODE_ENV: "production", HOST: "localhost", PORT: String(port) });
process.argv[2] = join(import.meta.dirname, "build/server/index.js");
await import(join(cli, "../bin.cjs"));
// It does not report when it listens.
while (!(await fetch(url).catch(() => undefined))) await pause(50);
listening("React Router");
