import { info } from "../../src/core/info.ts";
import type { Sessions } from "../../src/core/sessions.ts";
import { logout, rotate } from "../../src/core/verbs.ts";
import { StateError } from "../../src/errors.ts";

/** What a child process does when its parent says so, by name. */
export type Tasks = Record<string, (cookie: string, ...values: number[]) => Promise<unknown>>;

/** Does what the parent's messages say, and answers each. */
export function obey(tasks: Tasks): void {
  process.on("message", async ({ task, values }: { task: string; values: [string, ...number[]] }) => {
    try {
      process.send?.({ answer: await tasks[task]!(...values) });
    } catch (error) {
      process.send?.({ error: error instanceof StateError ? error.code : String(error) });
    }
  });
  process.send?.({ answer: "ready" });
}

/** Milliseconds on a clock that all processes of this machine share. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** Ends a session: by logout (0), revocation (1), revocation of all of its user (2), or a change of rights (3). */
export async function endSession<T extends object>(
  sessions: Sessions<T>,
  cookie: string,
  how: number,
): Promise<{ began: number; ended: number }> {
  const session = await sessions.load(cookie);
  const { handle, userId } = info(session);
  const began = now();
  if (how === 1) await sessions.revoke({ handle: handle! });
  if (how === 2) await sessions.revoke({ userId: userId! });
  if (how === 0) logout(session);
  if (how === 3) rotate(session, "elevated");
  await sessions.commit(session);
  return { began, ended: now() };
}
