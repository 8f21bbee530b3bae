/** Workers in workerd: from the start of the process to the first answer, and CPU per request. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import { rolldown } from "rolldown";
import { makeSessions } from "../lib/check.js";
import { cpuOf } from "../lib/process-cpu.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const counts = "{ visits: (session.visits = (session.visits ?? 0) + 1) }";

export const WORKERS = {
  "a fetch handler, no session": "export default { fetch: () => Response.json({ visits: 1 }) };",
  "**fetchSessions**": `import { createSessions } from "micropie";
    import { fetchSessions } from "micropie/adapters/fetch";
    const sessions = createSessions();
    export default { fetch: fetchSessions(sessions, (_request, session) => Response.json(${counts})) };`,
  "**App**": `import { App } from "micropie";
    class Counter extends App { index() { const { session } = this.request; return ${counts}; } }
    export default new Counter();`,
};

/** One text, as a bundler for Workers makes it. */
async function bundle(program) {
  const entry = join(ROOT, "worker.js");
  const made = await rolldown({
    input: entry,
    cwd: ROOT,
    external: /^(node|cloudflare):/,
    resolve: { conditionNames: ["workerd", "worker", "browser", "import"] },
    plugins: [
      {
        name: "program",
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? program : undefined),
      },
    ],
  });
  const { output } = await made.generate({ minify: true, codeSplitting: false });
  await made.close();
  return output[0].code;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a Worker. Returns the ms to its first answer, the CPU ms of these, and the CPU µs of each of `amount` requests. */
export async function measureWorker(program, amount) {
  const folder = mkdtempSync(join(tmpdir(), "micropie-cold-"));
  const port = await freePort();
  writeFileSync(join(folder, "worker.js"), await bundle(program));
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker.js", esModule = embed "worker.js")],
    compatibilityDate = "2026-07-01", compatibilityFlags = ["nodejs_compat"]))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]);
`,
  );
  const { default: workerd } = createRequire(import.meta.url)("workerd");
  const began = performance.now();
  const child = spawn(workerd, ["serve", join(folder, "config.capnp")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const closed = new Promise((resolve) => child.once("exit", resolve));
  const url = `http://127.0.0.1:${port}/`;
  try {
    let first;
    while (first === undefined) {
      first = await fetch(url).catch(() => undefined);
      if (child.exitCode !== null) throw new Error(`workerd ended with code ${child.exitCode}`);
    }
    if (first.status !== 200) throw new Error(`A Worker answered ${first.status}: ${await first.text()}`);
    await first.text();
    const start = performance.now() - began;
    const startCpu = cpuOf(child.pid) / 1000;
    const cookies = first.headers.has("set-cookie") ? await makeSessions(port, 100) : [];
    let connection = 0;
    const load = (many) =>
      autocannon({
        url,
        connections: 32,
        amount: many,
        setupClient: (client) =>
          cookies.length > 0 && client.setHeaders({ cookie: cookies[connection++ % cookies.length] }),
      });
    await load(Math.ceil(amount / 4));
    const before = cpuOf(child.pid);
    const { errors, non2xx } = await load(amount);
    if (errors + non2xx > 0) throw new Error(`${errors + non2xx} of ${amount} requests failed`);
    return { start, startCpu, perRequest: (cpuOf(child.pid) - before) / amount };
  } finally {
    child.kill();
    await closed;
    rmSync(folder, { recursive: true });
  }
}
