import { adminPage } from "../../admin.ts";
import { info } from "../../core/info.ts";
import { ConfigError } from "../../errors.ts";
import { recordEvents } from "../../recorder.ts";
import { Problem } from "../problem.ts";
import { openStore } from "../sessions/open.ts";
import { ADMIN_HELP, HOW, readAdminArguments } from "./arguments.ts";
import { Door } from "./door.ts";

/** Runs `micropie admin`. Resolves to undefined while the page is served, and to 0 for its help. Throws `Problem`. */
export async function runAdmin(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<0 | undefined> {
  const command = readAdminArguments(args);
  if (command === undefined) {
    console.log(ADMIN_HELP);
    return 0;
  }
  const { values, manage, data, port } = command;
  const store = await openStore(values, environment, HOW);
  const { sessions, recorder = recordEvents(sessions) } = store;
  const page = adminPage(sessions, {
    allow: ({ session }) => info(session).userId,
    manage,
    data,
    recorder,
  });
  const door = new Door(page);
  door.shutdownHandlers.push(
    () => page.shutdown(),
    () => store.close(),
  );
  try {
    const { url } = await door.serve({ port, hostname: "localhost" });
    console.log(`The sessions of ${store.shown}, ${manage ? "which the page can end" : "read-only"}. This link works once:

  http://localhost:${new URL(url).port}/${door.path}

Press Ctrl+C to stop.`);
    return undefined;
  } catch (error) {
    await store.close();
    throw error instanceof ConfigError ? new Problem(error.message) : error;
  }
}
