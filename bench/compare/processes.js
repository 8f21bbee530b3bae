/** A process for each contender, and the servers that they ask for. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { query } from "../../test/servers/postgres.ts";
import { openServers } from "../../test/servers/servers.ts";

const ONE = fileURLToPath(new URL("./one.js", import.meta.url));

/** No contender takes longer, and most take seconds. Milliseconds. */
const LIMIT = 240_000;

export class Processes {
  #servers = openServers();
  #args;
  #databases = 0;

  constructor({ date, probes }) {
    this.#args = [date, ...probes];
  }

  /** What one.js found. Rejects if its process ends without it. */
  run(file) {
    const child = fork(ONE, [file, ...this.#args], { stdio: ["ignore", "inherit", "pipe", "ipc"] });
    let printed = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      printed += text;
    });
    const { promise, resolve, reject } = Promise.withResolvers();
    const late = setTimeout(() => child.kill("SIGKILL"), LIMIT);
    child.on("message", async (message) => {
      if (message.needs === undefined) resolve(message);
      else child.send(await this.#urlOf(message.needs).then(given, refused));
    });
    child.on("close", (code, signal) => {
      clearTimeout(late);
      reject(new Error(`its process ended with ${signal ?? code}\n${printed.slice(-4000)}`));
    });
    return promise;
  }

  async stop() {
    await this.#servers.stop();
  }

  async #urlOf(name) {
    const { url, adminUrl } = await this.#servers.get(name);
    if (name !== "postgres") return url;
    // Contenders have tables of the same name.
    const database = `compare_${++this.#databases}`;
    await query(adminUrl, `CREATE DATABASE ${database}`);
    const own = new URL(adminUrl);
    own.pathname = `/${database}`;
    return own.href;
  }
}

const given = (url) => ({ url });
const refused = (error) => ({ refused: error.message });
