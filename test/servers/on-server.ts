import { describe, inject, test } from "vitest";
import type { ServerInfo, ServerName } from "./servers.ts";

/** What the run's coordinator (test/_servers.ts) answers when it is asked for a server. */
export type Answer =
  | { readonly info: unknown }
  | { readonly missing: string; readonly command: string }
  | { readonly failed: string };

/**
 * Defines the tests that need a server, which is started if it does not run yet, and is shared by all test files of the
 * run. Where it cannot be had, they are skipped, and the title says what would make them run; with CI=true, that is a
 * failure. A server that is there and does not start is a failure anywhere.
 *
 *     await onServer("redis", ({ url }) => { test(...); });
 */
export async function onServer<Name extends ServerName>(
  name: Name,
  define: (info: ServerInfo[Name]) => void | Promise<void>,
): Promise<void> {
  const response = await fetch(new URL(name, inject("servers")));
  const answer = (await response.json()) as Answer;
  if ("info" in answer) {
    describe(name, () => define(answer.info as ServerInfo[Name]));
  } else if ("missing" in answer && !process.env.CI) {
    describe.skip(`${name} is not here; to run these tests: ${answer.command}`, () => {
      test("not run", () => {});
    });
  } else {
    test(name, () => {
      throw new Error("missing" in answer ? answer.missing : answer.failed);
    });
  }
}
