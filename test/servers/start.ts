import { parseArgs, styleText } from "node:util";
import { ServerMissing } from "./find.ts";
import { openServers, SERVER_NAMES, type ServerInfo, type ServerName } from "./servers.ts";

const HELP = `npm run servers [name ...]

Starts the servers of the tests, with empty data, and prints where they are. Ctrl-C ends them and deletes their data.

Names: ${SERVER_NAMES.join(", ")}. Without a name: all of them.`;

/** The lines that tell somebody where a server is. */
function lines(info: ServerInfo[ServerName]): string[] {
  if ("nodes" in info) return info.nodes.map(({ host, port }) => `redis://${host}:${port}`);
  if ("host" in info) return [`${info.host}:${info.port}`];
  return "adminUrl" in info ? [info.url, styleText("dim", `admin ${info.adminUrl}`)] : [info.url];
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const wrong = positionals.find((name) => !SERVER_NAMES.includes(name as ServerName));
  if (wrong !== undefined)
    throw new Error(`There is no server "${wrong}". Names: ${SERVER_NAMES.join(", ")}.`);
  const names = positionals.length > 0 ? [...new Set(positionals as ServerName[])] : SERVER_NAMES;

  const servers = openServers();
  let isEnding = false;
  const end = async (): Promise<void> => {
    // The second time somebody does not want to wait; the watchdogs see to the servers.
    if (isEnding) process.exit(1);
    isEnding = true;
    await servers.stop();
    console.log("\nStopped.");
    process.exit();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void end());

  let running = 0;
  await Promise.all(
    names.map(async (name) => {
      try {
        const [first, ...more] = lines(await servers.get(name));
        if (isEnding) return;
        running++;
        console.log([`${styleText("green", name.padEnd(14))} ${first}`, ...more].join(`\n${" ".repeat(15)}`));
      } catch (error) {
        if (isEnding) return;
        process.exitCode = 1;
        const why = error instanceof ServerMissing ? `not here; to have it: ${error.command}` : String(error);
        console.error(`${styleText("red", name.padEnd(14))} ${why}`);
      }
    }),
  );
  if (running === 0 || isEnding) return;
  console.log(styleText("dim", "\nCtrl-C stops them."));
  // Servers do not keep a process alive.
  setInterval(() => {}, 2 ** 30);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
