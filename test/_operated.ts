import { spawn } from "node:child_process";
import { createSessions, info, login, type SessionBackend } from "micropie";
import type { Environment } from "micropie/environment";
import { environment, main } from "./_command.ts";

/** What a run of the command printed. */
export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `micropie` to its end, without a terminal. */
export async function micropie(
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: environment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, err };
}

/** A session to begin. */
export interface Begun {
  readonly user?: string;
  readonly agent?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Begins sessions on a back-end. Returns their handles, and everything of them that no output may have. */
export async function begin(
  backend: SessionBackend,
  begun: Iterable<Begun>,
  clock?: Environment,
): Promise<{ handles: string[]; secrets: string[] }> {
  const sessions = createSessions({ backend, environment: clock });
  const handles: string[] = [];
  const secrets: string[] = [];
  const left = begun[Symbol.iterator]();
  const one = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) {
      const { user, agent, data } = next.value;
      const session = await sessions.load(new Headers(agent === undefined ? {} : { "User-Agent": agent }));
      Object.assign(session, data);
      if (user !== undefined) login(session, user);
      const line = await sessions.commit(session);
      const token = /^session_id=([\w-]+)/.exec(line ?? "")?.[1] ?? "";
      const { handle = "" } = info(session);
      const record = await backend.read(handle);
      handles.push(handle);
      secrets.push(token.slice(16), record?.secretHash ?? "");
    }
  };
  await Promise.all(Array.from({ length: 20 }, one));
  return { handles, secrets };
}
