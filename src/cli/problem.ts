/** 2 for invalid arguments, 3 if there is no such session, 4 for what nobody confirmed, 130 after Ctrl-C, 1 for everything else. */
export type ExitCode = 1 | 2 | 3 | 4 | 130;

/** An error that the user of the command can fix. Only its message is printed: what happened, then what to do. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Returns the `code` of an error or of its cause, such as "EADDRINUSE"; undefined if there is none. */
export function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string" && at.code === at.code.toUpperCase()) return at.code;
  }
  return undefined;
}
