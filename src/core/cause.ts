/** Seen no further into a message: what follows quotes parameters or data. */
const QUOTING = /\{\\*"|\bparameters:|\bsql:|,? with args beginning with\b/i;
const LONGEST = 200;
const FRAMES = 10;

/**
 * What is told of an error of a driver: its name, its code, its message as far as it quotes no data, and where it was
 * thrown. Nothing else, because drivers put statements, parameters, rows and replies on their errors, and applications log
 * errors with all that is on them.
 */
class DriverError extends Error {
  override readonly name: string;
  readonly code?: string | number;

  constructor(error: Error) {
    super(messageOf(error));
    this.name = /^[\w$ ]{1,60}$/.test(error.name) ? error.name : "Error";
    const { code } = error as { code?: unknown };
    if (typeof code === "number" || (typeof code === "string" && /^[\w./-]{1,60}$/.test(code)))
      this.code = code;
    const frames = String(error.stack ?? "")
      .split("\n")
      .filter((line) => /^\s+at /.test(line));
    this.stack = [`${this.name}: ${this.message}`, ...frames.slice(0, FRAMES)].join("\n");
  }
}

/** Returns what is told of anything that was thrown. */
export function toldOf(thrown: unknown): Error {
  if (thrown instanceof DriverError) return thrown;
  if (thrown instanceof Error) return new DriverError(thrown);
  return new DriverError(new Error(typeof thrown === "string" ? thrown : `${typeof thrown} thrown`));
}

function messageOf(error: Error): string {
  // V8 quotes the text that it cannot parse.
  if (error.name === "SyntaxError") return "what was read is not valid";
  const { sqlMessage, errors } = error as { sqlMessage?: unknown; errors?: unknown };
  // A failed connection to each of several addresses: the first one speaks for all.
  const [first] = Array.isArray(errors) ? (errors as unknown[]) : [];
  if (error.message === "" && first instanceof Error) return messageOf(first);
  const [line = ""] = (typeof sqlMessage === "string" ? sqlMessage : String(error.message)).split("\n");
  const end = line.search(QUOTING);
  return (end === -1 ? line : `${line.slice(0, end)}…`)
    .replace(/(["'`])(.*?)\1/g, (quoted, mark: string, text: string) =>
      /^[\w.$ -]{0,40}$/.test(text) ? quoted : `${mark}…${mark}`,
    )
    .replace(/[\w+/=-]{40,}/g, "…")
    .slice(0, LONGEST);
}
