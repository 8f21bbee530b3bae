import { attempt } from "./attempt.ts";
import { each, type Use } from "./use.ts";

/** Who writes a response: an error handler after an error has passed, whatever else, or nobody knows which of the two. */
export type Writer = "error handler" | "other" | "unknown";

/**
 * Saves the sessions of an error answer (400 or more) before its head is sent. Synchronous if the back-end is. If the save
 * fails, `tell` gets the error, and the answer goes out without a cookie: behind an error handler there is
 * only the framework's own. A framework catches the errors of handlers. If the writer is unknown, only the status shows them.
 */
export function saveError(
  status: number,
  writer: Writer,
  uses: readonly Use[],
  tell: (error: unknown) => void,
): unknown {
  const hasFailed = writer === "unknown" && status >= 500;
  const save = (): unknown => each(uses, hasFailed ? "commitFailed" : "commit");
  if (writer === "other") return save();
  return attempt<unknown, unknown>(save, Boolean, (error) => {
    for (const use of uses) use.discard();
    tell(error);
  });
}
