import { readFile } from "node:fs/promises";
import { readArguments } from "./arguments.ts";
import { needsTypeStripping, runAgain, watchesItself } from "./child.ts";
import { doctor } from "./doctor/doctor.ts";
import { loadApp } from "./load-app.ts";
import { Problem } from "./problem.ts";
import { run } from "./run.ts";
import { watch } from "./watch.ts";
import { reportImports } from "./watched.ts";

/**
 * Runs the command. Resolves to the exit code, or to undefined while an application is being served. Prints a `Problem`
 * instead of rejecting.
 */
export async function cli(args: readonly string[]): Promise<number | undefined> {
  try {
    refuseOldNode(process.versions.node);
    // Loaded only here: serving needs none of it.
    if (args[0] === "sessions") {
      const { runSessions } = await import("./sessions/sessions.ts");
      return await over(await runSessions(args.slice(1), process.env));
    }
    if (args[0] === "admin") {
      const { runAdmin } = await import("./admin/admin.ts");
      return await runAdmin(args.slice(1), process.env);
    }
    if (args[0] === "completion") {
      const { completion } = await import("./completion/completion.ts");
      return print(completion(args.slice(1)));
    }
    const command = readArguments(args, process.env);
    if (command.do === "help") return print(command.text);
    if (command.do === "version") return print(await version());
    if (command.do === "doctor") return await doctor(command);
    if (command.watch && !watchesItself()) return await watch(command);
    if (command.watch || needsTypeStripping(command.file)) return await runAgain(command);
    reportImports();
    const app = await loadApp(command.file);
    await run(app, command);
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(`micropie: ${error.message}`);
    // A partly loaded application may keep timers and connections open.
    process.exit(error.exitCode);
  }
}

/** Ends the process once all is printed: the module of --config may keep timers and connections open. */
async function over(code: number): Promise<never> {
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  process.exit(code);
}

function print(text: string): 0 {
  console.log(text);
  return 0;
}

async function version(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function refuseOldNode(node: string): void {
  const [major = 0, minor = 0] = node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) return;
  throw new Problem(`this is Node ${node}; micropie needs 22.13 or newer (https://nodejs.org).`);
}
