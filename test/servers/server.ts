import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { freePort } from "../_port.ts";
import { until } from "../_until.ts";
import { startContainer } from "./docker.ts";
import { find, type Wanted } from "./find.ts";
import { type Home, makeHome, type User } from "./home.ts";
import { childrenOf, isRunning, send } from "./processes.ts";

/** A server that runs for the tests, on 127.0.0.1, with its data in a temporary folder. */
export interface Server {
  readonly port: number;
  /** Its process; another one after a restart. Undefined while it does not run, and in Docker. */
  readonly pid: number | undefined;
  /** Where its data are. Undefined in Docker. */
  readonly folder: string | undefined;
  /** Ends it, and deletes its data. More calls do nothing. */
  stop(): Promise<void>;
  /** Ends it in the middle of whatever it does (SIGKILL), and resolves when it is gone. Its data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with the same data. If it runs, it is ended in an orderly way before. */
  restart(): Promise<void>;
}

/** How a server is started. */
export interface Plan {
  /** What has to be there; also the service of compose.yaml. */
  readonly wanted: Wanted;
  /** Who it runs as where the tests run as root. Default: root. */
  user?(): User;
  /** The signal for an orderly end. Default: SIGTERM. */
  readonly end?: NodeJS.Signals;
  /** Makes its data, once. `paths` are those of its programs. Not called in Docker. */
  prepare?(home: Home, paths: readonly string[]): Promise<void>;
  /** The arguments of its first program. Not called in Docker. */
  args(port: number, home: Home): readonly string[];
  /** More arguments, also in Docker. */
  readonly options?: readonly string[];
  /** Connects, and makes what the tests need. Throws as long as it is not ready, or if it is another server. */
  ready(port: number, pid: number | undefined): Promise<void>;
  /** Gives back what a server that was killed has left outside of its folder. */
  cleanUp?(home: Home): void;
}

const SECONDS_TO_END = 15;

/** Starts a server as planned. Throws ServerMissing if it cannot be had; if it does not start, with the end of its log. */
export async function startServer(plan: Plan): Promise<Server> {
  const found = await find(plan.wanted);
  if (found === "docker") {
    const { ports, ...server } = await startContainer(plan.wanted, ["PORT"], plan);
    return { port: ports[0]!, ...server };
  }
  const { wanted: name, end = "SIGTERM", options = [] } = plan;
  const home = makeHome(name, plan.user?.() ?? {}, end);
  let port = 0;
  let child: ChildProcess | undefined;

  const launch = async (): Promise<void> => {
    const started = home.start(found.paths[0]!, [...plan.args(port, home), ...options]);
    child = started;
    const ended = once(started, "exit").finally(() => {
      if (child === started) child = undefined;
    });
    const ready = until(async () => {
      if (child === started) await plan.ready(port, started.pid);
    });
    try {
      await Promise.race([ready, ended.then(() => Promise.reject(new Error("It ended by itself.")))]);
    } catch (error) {
      throw new Error(`${name} did not start. ${error}\nThe end of its log:\n${home.lastLines()}`);
    }
    // Its watchdog knows of it; it need not keep this process alive.
    started.unref();
  };

  const finish = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    if (running === undefined) return;
    running.ref();
    const ended = once(running, "exit");
    const family = signal === "SIGKILL" ? childrenOf(running.pid!) : [];
    running.kill(signal);
    for (const pid of family) send(pid, "SIGKILL");
    // A test may have stopped it for a while.
    running.kill("SIGCONT");
    const late = setTimeout(() => running.kill("SIGKILL"), SECONDS_TO_END * 1000);
    await ended;
    clearTimeout(late);
    await until(async () => {
      if (family.some(isRunning)) throw new Error(`Processes of ${name} do not end.`);
    });
  };

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await finish(end);
    plan.cleanUp?.(home);
    await home.remove();
  };
  const server: Server = {
    get port() {
      return port;
    },
    get pid() {
      return child?.pid;
    },
    folder: home.folder,
    stop() {
      stopped ??= stop();
      return stopped;
    },
    kill: () => finish("SIGKILL"),
    async restart() {
      if (stopped !== undefined) throw new Error(`${name} was stopped, and its data are gone.`);
      await finish(end);
      await launch();
    },
  };

  try {
    await plan.prepare?.(home, found.paths);
    for (let attempt = 1; ; attempt++) {
      port = await freePort();
      try {
        await launch();
        return server;
      } catch (error) {
        await finish("SIGKILL");
        // A process that is not one of the tests' may have been faster.
        if (attempt === 5 || !/in use/i.test(home.lastLines())) throw error;
      }
    }
  } catch (error) {
    await server.stop();
    throw error;
  }
}
