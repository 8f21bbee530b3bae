import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../_port.ts";
import { until } from "../_until.ts";
import type { Server } from "./server.ts";
import { watch } from "./watchdog.ts";

const run = promisify(execFile);
const FILE = fileURLToPath(new URL("../../compose.yaml", import.meta.url));

/** A service of compose.yaml that runs for the tests. */
export interface Container extends Omit<Server, "port"> {
  readonly ports: readonly number[];
}

/**
 * Starts a service of compose.yaml as a project of its own. `ports` are the ends of the variables that name its ports
 * there: "PORT" of the service `redis` is REDIS_PORT. The options are in REDIS_OPTIONS.
 */
export async function startContainer(
  service: string,
  ports: readonly string[],
  how: { readonly options?: readonly string[]; ready(port: number, pid: undefined): Promise<void> },
): Promise<Container> {
  const numbers: number[] = [];
  while (numbers.length < ports.length) numbers.push(await freePort());
  const variable = (end: string) => `${service.toUpperCase().replaceAll("-", "_")}_${end}`;
  const project = `micropie-test-${numbers[0]}`;
  const compose = ["compose", "--file", FILE, "--project-name", project];
  const env = {
    ...process.env,
    [variable("OPTIONS")]: how.options?.map((each) => `'${each.replaceAll("'", `'"'"'`)}'`).join(" "),
    ...Object.fromEntries(ports.map((end, index) => [variable(end), String(numbers[index])])),
  };
  const docker = async (...args: string[]): Promise<void> => {
    await run("docker", [...compose, ...args], { env });
  };
  const ready = () => until(() => how.ready(numbers[0]!, undefined));
  const down = ["down", "--volumes", "--timeout", "5"];
  const watchdog = watch(`exec docker "$@"`, [...compose, ...down]);

  const stop = async (): Promise<void> => {
    await docker(...down);
    watchdog.dismiss();
  };
  let stopped: Promise<void> | undefined;
  const server: Container = {
    ports: numbers,
    pid: undefined,
    folder: undefined,
    stop() {
      stopped ??= stop();
      return stopped;
    },
    async kill() {
      await docker("kill", "--signal", "KILL", service);
      await until(async () => {
        const answers = await how.ready(numbers[0]!, undefined).then(
          () => true,
          () => false,
        );
        if (answers) throw new Error(`${service} still answers.`);
      });
    },
    async restart() {
      await docker("restart", service);
      await ready();
    },
  };
  try {
    await docker("up", "--detach", "--wait", service);
    await ready();
    return server;
  } catch (error) {
    const log = await run("docker", [...compose, "logs", "--tail", "15", service], { env }).catch(
      () => undefined,
    );
    await server.stop().catch(() => {});
    throw new Error(
      `${service} did not start in Docker. ${error}\nThe end of its log:\n${log?.stdout ?? ""}`,
    );
  }
}
