import type { App } from "../app/app.ts";
import { closeServer, startServer } from "../app/server.ts";
import { describeError } from "./import-error.ts";
import type { Servable, Server } from "./load-app.ts";
import { optionalHints } from "./optional-parameters.ts";
import { codeOf, Problem } from "./problem.ts";
import { isWatched } from "./watched.ts";

/** Seconds that running requests get after a signal. A restart for a changed file waits less. */
const GRACE = 10;
const GRACE_WATCHED = 0.5;

interface Place {
  readonly file: string;
  readonly port: number;
  readonly host: string;
}

/** Serves the application until SIGINT or SIGTERM. Resolves when it listens; throws `Problem` if it cannot. */
export async function run(app: Servable, place: Place): Promise<void> {
  const server = await listen(app, place);
  stopOnSignal(server);
  const next = `${isWatched() ? "Restarts when a file changes. " : ""}Press Ctrl+C to stop.`;
  console.log(`${place.file} is listening on ${address(server, place.host)}\n${next}`);
  if (isApp(app)) for (const hint of await optionalHints(app, place.file)) console.error(`micropie: ${hint}`);
}

async function listen(app: Servable, place: Place): Promise<Server> {
  const options = { port: place.port, hostname: place.host };
  try {
    if (!isApp(app)) return await serveFetch(app, options);
    return await app.serve({ ...options, signals: false, shutdownTimeout: grace() });
  } catch (error) {
    throw new Problem(describeListenError(error, place));
  }
}

async function serveFetch(app: Servable, options: { port: number; hostname: string }): Promise<Server> {
  const server = await startServer({ ...options, fetch: (request) => app.fetch(request) });
  return { url: server.url ?? "", close: () => closeServer(server, grace()) };
}

/** Returns true for an App, even one of another copy of this package. Other objects may have a different `serve`. */
function isApp(app: Servable): app is App {
  return "serve" in app && "startupHandlers" in app && "sessions" in app;
}

function grace(): number {
  return isWatched() ? GRACE_WATCHED : GRACE;
}

function describeListenError(error: unknown, { file, port, host }: Place): string {
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return `port ${port} is already in use. Stop the other program or choose another port: npx micropie ${file} --port ${port === 65535 ? 0 : port + 1}`;
    case "EACCES":
      return `you do not have permission to use port ${port}. Choose a port above 1023: npx micropie ${file} --port 8000`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `this computer has no address "${host}". Leave out --host to listen on localhost.`;
  }
  const what = error instanceof Error ? describeError(error) : `  ${String(error)}`;
  return `${file} could not start:\n\n${what}`;
}

function address(server: Server, host: string): string {
  const port = new URL(server.url).port || "80";
  if (host === "localhost") return `http://localhost:${port}`;
  if (host === "0.0.0.0" || host === "::")
    return `http://localhost:${port} and on every network of this computer`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function stopOnSignal(server: Server): void {
  let asked: number | undefined;
  const stop = (signal: "SIGINT" | "SIGTERM") => {
    // With a parent process that forwards signals, one Ctrl+C arrives twice.
    if (asked !== undefined && performance.now() - asked < 500) return;
    if (asked !== undefined) process.exit(signal === "SIGINT" ? 130 : 143);
    asked = performance.now();
    void close(server);
  };
  process.on("SIGINT", () => stop("SIGINT"));
  process.on("SIGTERM", () => stop("SIGTERM"));
}

async function close(server: Server): Promise<never> {
  // A shutdown handler may never end.
  setTimeout(
    () => {
      console.error("micropie: stopped before the application had finished closing.");
      process.exit(1);
    },
    (grace() + 5) * 1000,
  );
  try {
    await server.close();
  } catch (error) {
    const what = error instanceof Error ? describeError(error) : String(error);
    console.error(`micropie: an error while stopping:\n\n${what}`);
    process.exit(1);
  }
  if (!isWatched()) console.log("Stopped.");
  process.exit(0);
}
