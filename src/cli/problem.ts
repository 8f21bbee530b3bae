/** Something the person at the terminal can put right. The message is all they see: what happened, then what to do. */
export class Problem extends Error {
  override readonly name = "Problem";
  /** 2: the command was written wrongly; 1: everything else. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The `code` of an error, or of what caused it: `"EADDRINUSE"`; undefined if it has none. */
export function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string" && at.code === at.code.toUpperCase()) return at.code;
  }
  return undefined;
}
